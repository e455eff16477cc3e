import { printableLine } from '../printable.ts'
import type { Say } from '../waiting.ts'
import type { Sink } from './streams.ts'

/** How often a line on a terminal is drawn anew, ms. */
const REDRAW_MS = 500

/** How often it is said again where other lines came in between, ms. */
const AGAIN_MS = 10_000

const UP_AND_CLEAR = '\u001b[1A\u001b[2K'

/**
 * On a terminal a line that is brought up to date takes the place of the one before, as long as nothing else was written since, by whomever, and both
 * fit on a line. Anywhere else it is a line like others, said seldom.
 *
 * @param tell Writes a line to `err` as it may be shown.
 */
export function waitLine({ out, err }: { out: Sink; err: Sink }, tell: (line: string, begin?: string) => void): Say {
  const { stream } = err
  if (stream.isTTY !== true || process.env.TERM === 'dumb') return (line) => tell(line)
  const written = () => (stream.bytesWritten ?? 0) + (out.stream.bytesWritten ?? 0)
  let last = { line: '', written: -1, at: -Infinity }
  const say = (line: string, before?: string) => {
    const isInPlace = before === last.line && written() === last.written && [before, line].every((text) => fits(text, stream.columns))
    if (!isInPlace && before !== undefined && performance.now() - last.at < AGAIN_MS) return
    tell(line, isInPlace ? UP_AND_CLEAR : '')
    last = { line, written: written(), at: performance.now() }
  }
  return Object.assign(say, { everyMs: REDRAW_MS })
}

/** Surely: what is not ASCII may be two columns wide. */
function fits(text: string, columns = 0): boolean {
  let width = 0
  for (const character of printableLine(text)) width += character < '\u007f' ? 1 : 2
  return width < columns
}
