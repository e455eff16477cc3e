import { databaseSecrets, proxySecrets } from '../environment.ts'
import { printable, printableLine, printablePage } from '../printable.ts'
import { redactorOf, valuesOf } from '../redact.ts'
import type { Say } from '../waiting.ts'
import { withCode } from './errorText.ts'
import { isReaderGone, streams } from './streams.ts'
import { waitLine } from './waitLine.ts'

/** Results go to standard output, everything else to standard error. */
export interface Output {
  json: boolean
  verbose: boolean
  /** Columns of standard output; 80 where it is no terminal. */
  width: number
  /** The same for lists of one line each: whoever reads them from a pipe takes them line by line. */
  lineWidth: number
  colour: boolean
  /** Whoever read standard output has left. */
  readonly closed: boolean
  /** When it wrote last, or began, on the clock of `performance`. */
  readonly spokeAt: number
  /** From now on the values of these environment variables are left out of everything. */
  hide(names: readonly string[]): void
  /** A text as it may be written anywhere: without what is hidden. */
  clean(text: string): string
  /** A result. Waits while the reader is slow. Control characters are shown escaped; data for machines pass as they are, unless a terminal reads them. */
  print(text: string, kind?: 'data'): Promise<void>
  /** Progress: left out with `--quiet`. */
  say(line: string): void
  /** Says what takes its time: as `say`, and on a terminal a line takes the place of the one that it brings up to date. */
  wait: Say
  /** As `say`, in several lines. */
  saySection(text: string): void
  warn(line: string): void
  /** What remains to be done; as an object with `--json`. */
  hint(message: string, hint: string, code: string): void
}

interface OutputOptions {
  json: boolean
  quiet: boolean
  verbose: boolean
  database?: string | undefined
  /** Standard output is events for a machine. */
  events?: boolean
}

/** @param database Named on the command line: who it lets in is hidden from the start. */
export function createOutput({ json, quiet, verbose, database = '', events = false }: OutputOptions): Output {
  const { out, err } = streams()
  const { isTTY = false, columns = 80 } = out.stream
  let clean = redactorOf([...databaseSecrets([database]), ...proxySecrets()])
  const colour = isTTY && !process.env.NO_COLOR
  let spokeAt = performance.now()
  const tell = (line: string, begin = '') => {
    spokeAt = performance.now()
    void err.write(`${begin}${printableLine(clean(line))}\n`)
  }
  out.onBroken((error) => {
    if (!isReaderGone(error)) tell(`warning: standard output cannot be written to: ${error.message}. The work goes on, its output is lost`)
  })
  err.onBroken((error) => {
    // What a machine reads from standard output stays as it is.
    if (json || events || isReaderGone(error)) return
    void out.write(`warning: standard error cannot be written to: ${error.message}. The work goes on, its progress is not shown\n`)
  })
  return {
    json,
    verbose,
    width: isTTY ? columns : 80,
    lineWidth: isTTY ? columns : 200,
    colour,
    get closed() {
      return out.broken !== undefined
    },
    get spokeAt() {
      return spokeAt
    },
    clean: (text) => clean(text),
    hide(names) {
      clean = redactorOf([...valuesOf(names), ...databaseSecrets([database]), ...proxySecrets()])
    },
    print(text, kind) {
      spokeAt = performance.now()
      if (kind === 'data' && !isTTY) return out.write(clean(text))
      return out.write(colour ? printablePage(clean(text)) : printable(clean(text)))
    },
    say(line) {
      if (!quiet) tell(line)
    },
    wait: quiet ? () => {} : waitLine({ out, err }, tell),
    saySection(text) {
      if (!quiet) void err.write(`${printable(clean(text))}\n`)
    },
    warn: (line) => tell(`warning: ${line}`),
    hint: (message, hint, code) => {
      if (json) return tell(JSON.stringify({ error: { code, message, hint } }))
      tell(code === 'INTERRUPTED' ? message : withCode(message, code))
      tell(`hint: ${hint}`)
    },
  }
}

/** A document of the command's own, indented for people who look at it. */
export const jsonDocument = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
