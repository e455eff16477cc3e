import { expect, test } from 'vitest'
import { openProgress } from '../../src/cli/progress.ts'
import type { StoredEvent } from '../../src/index.ts'

const at = new Date(2026, 0, 5, 12, 2, 22).getTime()
const scenarios = [{ variant: 'default', name: 'simple', size: 100, repetitions: 1, errorTolerance: 0 }]
const retried = (waitMs: number, after: number, changes: { type?: string; retryAfterMs?: number } = {}): StoredEvent => ({
  sequence: 1,
  at: at + after,
  actor: 'default/simple',
  type: changes.type ?? 'batch.retried',
  data: {
    ...{ repetition: 1, round: 0, batch: 0, from: 0, items: 10, failed: 1, numbers: [0], waitMs },
    error: { at, name: 'HttpStatusError', message: 'busy', class: 'transient', attempt: 1, retryAfterMs: changes.retryAfterMs },
  },
})

test('a wait of more than 10 s before the next attempt is told of, once for batches that wait together (case 7)', async () => {
  const lineOf = await openProgress(scenarios, { verbose: false })
  expect(lineOf(retried(200, 0))).toContain('busy')
  expect(lineOf(retried(10_000, 0))).toBeNull()
  expect(lineOf(retried(42_000, 0, { retryAfterMs: 42_000 }))).toBe(
    '12:02:22 simple waits 42 s before the next attempt (until 12:03:04): the service asks for it',
  )
  expect(lineOf(retried(42_000, 1_000, { retryAfterMs: 42_000 }))).toBeNull()
  expect(lineOf(retried(30_000, 42_000, { type: 'items.retried' }))).toBe(
    '12:03:04 simple waits 30 s before the next attempt (until 12:03:34)',
  )
})

test('the first failure of a scenario is told together with its wait (case 7)', async () => {
  const lineOf = await openProgress(scenarios, { verbose: false })
  expect(lineOf(retried(90_000, 0))).toMatch(/^12:02:22 simple waits 90 s before the next attempt \(until 12:03:52\)\. .*busy/)
})
