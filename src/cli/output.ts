import { once } from 'node:events'
import { databaseSecrets } from '../environment.ts'
import { redactorOf, valuesOf } from '../redact.ts'

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
  /** From now on the values of these environment variables are left out of everything. */
  hide(names: readonly string[]): void
  /** A text as it may be written anywhere: without what is hidden. */
  clean(text: string): string
  /** A result. Waits while the reader is slow. */
  print(text: string): Promise<void>
  /** Progress: left out with `--quiet`. */
  say(line: string): void
  warn(line: string): void
  /** What remains to be done; as an object with `--json`. */
  hint(message: string, hint: string, code: string): void
}

interface OutputOptions {
  json: boolean
  quiet: boolean
  verbose: boolean
  database?: string | undefined
}

/** @param database Named on the command line: who it lets in is hidden from the start. */
export function createOutput({ json, quiet, verbose, database = '' }: OutputOptions): Output {
  const { stdout, stderr } = process
  let closed = false
  let clean = redactorOf(databaseSecrets([database]))
  const tell = (line: string) => void stderr.write(`${clean(line)}\n`)
  stdout.once('error', () => {
    closed = true
  })
  stdout.once('close', () => {
    closed = true
  })
  return {
    json,
    verbose,
    width: stdout.isTTY ? stdout.columns : 80,
    lineWidth: stdout.isTTY ? stdout.columns : 200,
    colour: stdout.isTTY && !process.env.NO_COLOR,
    get closed() {
      return closed
    },
    clean: (text) => clean(text),
    hide(names) {
      clean = redactorOf([...valuesOf(names), ...databaseSecrets([database])])
    },
    async print(text) {
      if (closed || stdout.write(clean(text))) return
      await Promise.race([once(stdout, 'drain'), once(stdout, 'close')]).catch(() => {})
    },
    say(line) {
      if (!quiet) tell(line)
    },
    warn: (line) => tell(`warning: ${line}`),
    hint: (message, hint, code) => tell(json ? JSON.stringify({ error: { code, message, hint } }) : `${message}\nhint: ${hint}`),
  }
}

/** A document of the command's own, indented for people who look at it. */
export const jsonDocument = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
