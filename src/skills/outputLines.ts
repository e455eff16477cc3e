import type { Readable } from 'node:stream'

const MAX_LINE = 8_192

/** Hands over a stream line by line; lines longer than 8 192 characters in pieces, and what follows the last line break at the end. */
export function outputLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) pieces(line, onLine)
    for (; rest.length >= MAX_LINE; rest = rest.slice(MAX_LINE)) onLine(rest.slice(0, MAX_LINE))
  })
  stream.on('end', () => {
    if (rest !== '') onLine(rest)
    rest = ''
  })
  // What a killed process leaves half-written is no error of ours.
  stream.on('error', () => {})
}

function pieces(line: string, onLine: (line: string) => void) {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line
  for (let at = 0; at === 0 || at < text.length; at += MAX_LINE) onLine(text.slice(at, at + MAX_LINE))
}
