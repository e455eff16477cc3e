import { expect, onTestFinished, test, vi } from 'vitest'
import { systemClock, wait } from '../src/clock.ts'

const DAY_MS = 86_400_000

test.each([1, 24, 25, 30, 365])('a timer of %i days takes as long (case 7)', async (days) => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  let over = false
  const waiting = wait(systemClock, days * DAY_MS).then(() => (over = true))
  await vi.advanceTimersByTimeAsync(days * DAY_MS - 1)
  expect(over).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  await waiting
  expect(vi.getTimerCount()).toBe(0)
})

test('a long timer can be cleared in each of its parts (case 7)', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  for (const after of [0, 25, 55]) {
    const timer = systemClock.setTimeout(() => expect.unreachable(), 60 * DAY_MS)
    vi.advanceTimersByTime(after * DAY_MS)
    systemClock.clearTimeout(timer)
    expect(vi.getTimerCount()).toBe(0)
  }
})
