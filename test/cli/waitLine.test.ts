import { Writable } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sinkOf } from '../../src/cli/streams.ts'
import { waitLine } from '../../src/cli/waitLine.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/** Takes the place of the line above. */
const UP = '\u001b[1A\u001b[2K'

/** Two streams, on one terminal or in pipes, and all that is written to either. */
function place(kind: 'terminal' | 'pipe', columns = 40) {
  vi.stubEnv('TERM', 'xterm')
  let written = ''
  class Stream extends Writable {
    isTTY = kind === 'terminal'
    columns = columns
    bytesWritten = 0
    override _write(chunk: Buffer, _encoding: string, done: () => void) {
      written += String(chunk)
      this.bytesWritten += chunk.length
      done()
    }
  }
  const [out, err] = [new Stream(), new Stream()]
  const make = () => waitLine({ out: sinkOf(out), err: sinkOf(err) }, (line, begin = '') => void err.write(`${begin}${line}\n`))
  return { out, err, make, say: make(), written: () => written }
}

test('(case 6) on a terminal a line takes the place of the one that it brings up to date', () => {
  const { say, written } = place('terminal')
  expect(say.everyMs).toBe(500)
  say('reading: 1 MB')
  say('reading: 2 MB', 'reading: 1 MB')
  say('reading: 3 MB', 'reading: 2 MB')
  say('loading skill')
  expect(written()).toBe(`reading: 1 MB\n${UP}reading: 2 MB\n${UP}reading: 3 MB\nloading skill\n`)
})

test.for(['out', 'err'] as const)('(case 6) what others write to std%s stays: the line is said anew below it, 10 s later', (which) => {
  const streams = place('terminal')
  const { say, written } = streams
  say('reading: 1 MB')
  streams[which].write('of a plan\n')
  vi.advanceTimersByTime(9_999)
  say('reading: 2 MB', 'reading: 1 MB')
  vi.advanceTimersByTime(1)
  say('reading: 3 MB', 'reading: 2 MB')
  say('reading: 4 MB', 'reading: 3 MB')
  expect(written()).toBe(`reading: 1 MB\nof a plan\nreading: 3 MB\n${UP}reading: 4 MB\n`)
})

test('(case 6) of two that wait at once neither takes the place of the other', () => {
  const { say, written } = place('terminal')
  say('a: 1')
  say('b: 1')
  say('a: 2', 'a: 1')
  say('b: 2', 'b: 1')
  vi.advanceTimersByTime(10_000)
  say('a: 3', 'a: 2')
  say('b: 3', 'b: 2')
  expect(written()).toBe(`a: 1\nb: 1\n${UP}b: 2\na: 3\n`)
})

test.for([
  ['longer than the terminal is wide', 'x'.repeat(20)],
  ['of wide letters', '読'.repeat(10)],
  ['with what is shown escaped', '\u001b\u001b\u001b\u001b'],
])('(case 6) a line %s is not drawn anew: it may take two', ([, long]) => {
  const { say, written } = place('terminal', 20)
  say('short')
  say(long!, 'short')
  vi.advanceTimersByTime(10_000)
  say('short', long)
  vi.advanceTimersByTime(10_000)
  say(long!, 'short')
  expect(written()).toBe(`short\nshort\n${long}\n`)
})

test('(case 6) elsewhere, and on a terminal that cannot move its cursor, it is a line like others, as seldom as others', () => {
  const pipe = place('pipe')
  const dumb = place('terminal')
  vi.stubEnv('TERM', 'dumb')
  for (const { make, written } of [pipe, dumb]) {
    const say = make()
    expect(say.everyMs).toBeUndefined()
    say('reading: 1 MB')
    say('reading: 2 MB', 'reading: 1 MB')
    expect(written()).toBe('reading: 1 MB\nreading: 2 MB\n')
  }
})
