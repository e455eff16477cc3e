import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asksTooMuch, longWait, retryDelayMs } from '../../src/actors/retry.ts'
import type { RetryPlan } from '../../src/plan.ts'

const retry: RetryPlan = { attempts: 3, backoffMs: 200, factor: 2, maxMs: 10_000, jitter: 0.5, on: ['transient'] }
const never = () => 0

describe('retryDelayMs', () => {
  test('grows by the factor, up to its maximum', () => {
    // 200 · 2⁰, 2¹, … 2⁵ = 6 400, then 12 800 is too much.
    expect([1, 2, 3, 6, 7, 50].map((attempt) => retryDelayMs(retry, attempt, never))).toEqual([200, 400, 800, 6_400, 10_000, 10_000])
  })

  test('chance takes a share of the jitter away', () => {
    expect(retryDelayMs(retry, 2, () => 0.5)).toBe(300)
    expect(retryDelayMs({ ...retry, jitter: 1 }, 2, () => 0.75)).toBe(100)
    expect(retryDelayMs({ ...retry, jitter: 0 }, 2, () => 0.75)).toBe(400)
  })

  test('waits as long as it was asked to, and no less than its own time', () => {
    expect(retryDelayMs(retry, 1, never, 5_000)).toBe(5_000)
    expect(retryDelayMs(retry, 1, never, 60_000)).toBe(60_000)
    expect(retryDelayMs(retry, 1, never, 50)).toBe(200)
  })

  test('keeps between the jitter and the whole', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(share, share, fc.integer({ min: 1, max: 30 }), (jitter, chance, attempt) => {
        const full = Math.min(200 * 2 ** (attempt - 1), 10_000)
        const delay = retryDelayMs({ ...retry, jitter }, attempt, () => chance)
        expect(delay).toBeGreaterThanOrEqual(full * (1 - jitter))
        expect(delay).toBeLessThanOrEqual(full)
      }),
    )
  })
})

test('a wait of 0 stays one, however often it was multiplied', () => {
  expect(retryDelayMs({ ...retry, backoffMs: 0, factor: 10 }, 900, never, 500)).toBe(500)
})

test.each([
  [1_790_000_000_000, '20 718 days'],
  [25 * 3_600_000, '25 hours'],
  [2_592_000_000, '30 days'],
])('%i ms is more than anybody waits for: %s (case 7)', (ms, text) => {
  expect(asksTooMuch({ retryAfterMs: ms })).toBe(true)
  expect(longWait(ms)).toBe(text)
})

test('a day is waited for (case 7)', () => {
  expect([asksTooMuch({ retryAfterMs: 86_400_000 }), asksTooMuch({})]).toEqual([false, false])
})
