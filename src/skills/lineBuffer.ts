import type { Readable } from 'node:stream'

const LINE_BREAK = 0x0a

/**
 * Hands over a stream in whole lines, without their line breaks. What follows the last one is no line.
 *
 * @param on `tooLong`: a line has more than `maxBytes`; nothing more comes.
 */
export function readLines(stream: Readable, maxBytes: number, on: { line(line: Buffer): void; tooLong(): void }): void {
  let parts: Buffer[] = []
  let bytes = 0
  let done = false
  const keep = (part: Buffer) => {
    bytes += part.length
    if (bytes > maxBytes) {
      done = true
      parts = []
      on.tooLong()
    } else parts.push(part)
  }
  stream.on('data', (chunk: Buffer) => {
    for (let from = 0; !done && from < chunk.length; ) {
      const to = chunk.indexOf(LINE_BREAK, from)
      keep(chunk.subarray(from, to < 0 ? undefined : to))
      if (to < 0) return
      from = to + 1
      if (done) return
      const line = Buffer.concat(parts)
      parts = []
      bytes = 0
      on.line(line)
    }
  })
  stream.on('error', () => {})
}
