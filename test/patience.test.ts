import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

// No test may depend on how fast the machine is. What waits, waits for an event or a condition: `support/until.ts`, a gate, a clock that is moved.

/** As good as for ever: nobody waits for that to be over. */
const FOREVER_MS = 60_000

const FORBIDDEN: [what: string, pattern: RegExp][] = [
  ['gives up by itself: use until()', /\bvi\.wait(?:For|Until)\b|\bexpect\.poll\b/g],
  ['has a time-out of its own: that of the suite is the only one', /(?<!end\()\{\s*timeout: \d[\d_]*|^\s*\}?,? ?\d[\d_]{3,},?\n?\)$/gm],
  ['measures time', /\bexpect\((?:performance|Date)\.now\(\)|\bexpect\([^()\n]*- (?:performance|Date)\.now\(\)/g],
]
const PAUSE = /(?<![.\w])(?:setTimeout\((?:[^()\n]|\([^()\n]*\))*?, |(?:delay|sleep|wait|pause)\()(?<ms>\d[\d_]*)\b/g

/** Each line with what is wrong with it. */
function faultsOf(text: string): string[] {
  const lineOf = (index: number) => text.slice(0, index).split('\n').length
  const forbidden = FORBIDDEN.flatMap(([what, pattern]) => [...text.matchAll(pattern)].map(({ index }) => `${lineOf(index)}: ${what}`))
  const pauses = [...text.matchAll(PAUSE)].filter(({ groups }) => {
    const ms = Number(groups!.ms!.replaceAll('_', ''))
    return ms >= 100 && ms < FOREVER_MS
  })
  return [...forbidden, ...pauses.map(({ index }) => `${lineOf(index)}: pauses for a while, and hopes`)]
}

test.each([
  ['await vi.waitFor(() => expect(a).toBe(1))', ['1: gives up by itself: use until()']],
  ["test('a', { timeout: 5_000 }, () => {})", ['1: has a time-out of its own: that of the suite is the only one']],
  ['test(\n  () => {\n  },\n  600_000,\n)', ['4: has a time-out of its own: that of the suite is the only one']],
  ['expect(performance.now() - start).toBeLessThan(500)', ['1: measures time']],
  ['await new Promise((resolve) => setTimeout(resolve, 200))', ['1: pauses for a while, and hopes']],
  ['\nawait delay(1_000)', ['2: pauses for a while, and hopes']],
  ['setTimeout(() => {}, 3_600_000)', []],
  ['clock.setTimeout(fn, 500)', []],
  ['await sql.end({ timeout: 1 })', []],
  ['await new Promise((resolve) => setTimeout(resolve, 5))', []],
])('%j', (text, faults) => {
  expect(faultsOf(text)).toEqual(faults)
})

test('no test depends on how fast the machine is', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.(?:ts|mjs)$/.test(file) && file !== 'patience.test.ts',
  )
  expect(files.length).toBeGreaterThan(150)
  const faults = files.flatMap((file) => faultsOf(readFileSync(join(import.meta.dirname, file), 'utf8')).map((fault) => `${file}:${fault}`))
  expect(faults).toEqual([])
})
