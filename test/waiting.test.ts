import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { during } from '../src/waiting.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

const lines: string[] = []
const say = (line: string) => void lines.push(line)
beforeEach(() => void lines.splice(0))

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
    { everyMs: 2_000 },
  )
  vi.advanceTimersByTime(400)
  expect(lines).toEqual([])
  what = 'starting it'
  vi.advanceTimersByTime(4_000)
  expect(lines).toEqual(['starting it', 'starting it: 4 s by now, until it is done'])
})
