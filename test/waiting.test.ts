import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { during, redacted } from '../src/waiting.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

const lines: string[] = []
const befores: (string | undefined)[] = []
const say = (line: string, before?: string) => {
  lines.push(line)
  befores.push(before)
}
beforeEach(() => {
  lines.splice(0)
  befores.splice(0)
})

test('(first hour 10) what takes its time is said, and again with how long it is by now', async () => {
  const work = Promise.withResolvers<string>()
  let what = 'making it'
  const done = during(
    say,
    () => what,
    () => work.promise,
    { limitMs: 60_000 },
  )
  vi.advanceTimersByTime(299)
  expect(lines).toEqual([])
  vi.advanceTimersByTime(1)
  what = 'starting it'
  vi.advanceTimersByTime(10_000)
  expect(lines).toEqual(['making it', 'starting it: 10 s by now, 60 s at most'])
  expect(befores).toEqual([undefined, 'making it'])
  work.resolve('made')
  expect(await done).toBe('made')
  vi.advanceTimersByTime(100_000)
  expect(lines).toHaveLength(2)
})

test('(first hour 10) what is quick, what fails at once, and what somebody else says, is not said', async () => {
  await during(
    say,
    () => 'quick',
    () => Promise.resolve(),
  )
  await expect(
    during(
      say,
      () => 'failing',
      () => Promise.reject(new Error('no')),
    ),
  ).rejects.toThrow('no')
  let what: string | null = null
  void during(
    say,
    () => what,
    () => new Promise(() => {}),
  )
  vi.advanceTimersByTime(400)
  expect(lines).toEqual([])
  what = 'starting it'
  vi.advanceTimersByTime(20_000)
  expect(lines).toEqual(['starting it', 'starting it: 20 s by now, until it is done'])
})

test('(case 6) who draws lines anew hears them as often as it wants to', () => {
  let bytes = 1
  const drawing = Object.assign((line: string, before?: string) => say(line, before), { everyMs: 500 })
  void during(
    drawing,
    () => `${bytes++} of 9 MB`,
    () => new Promise(() => {}),
  )
  vi.advanceTimersByTime(1_300)
  const second = '2 of 9 MB: 1 s by now, until it is done'
  expect(lines).toEqual(['1 of 9 MB', second, '3 of 9 MB: 1 s by now, until it is done'])
  expect(befores).toEqual([undefined, '1 of 9 MB', second])
})

test('what is said can be said without secrets, as often as before', () => {
  const clean = redacted(Object.assign(say, { everyMs: 500 }), (text) => text.replaceAll('secret', '***'))
  clean('reading secret.csv')
  clean('reading secret.csv: 1', 'reading secret.csv')
  expect(lines).toEqual(['reading ***.csv', 'reading ***.csv: 1'])
  expect(befores).toEqual([undefined, 'reading ***.csv'])
  expect(clean.everyMs).toBe(500)
  expect(redacted((line) => say(line), String)).not.toHaveProperty('everyMs')
})
