import { expect, test } from 'vitest'
import { openProgress } from '../../src/cli/progress.ts'
import type { StoredEvent } from '../../src/index.ts'

const at = new Date(2026, 0, 5, 12, 2, 22).getTime()
const scenarioOf = (size: number, errorTolerance = 0.9) => ({
  ...{ variant: 'default', name: 'all', size, repetitions: 1, errorTolerance },
})
const event = (type: string, data: object, actor = 'default/all') => ({ sequence: 1, at, actor, type, data }) as StoredEvent
const lineOf = async (scenarios: ReturnType<typeof scenarioOf>[], given: StoredEvent) =>
  (await openProgress(scenarios, { verbose: false }))(given)

const reached = (data: object) => event('milestone.reached', { repetition: 1, elapsedMs: 1500, activeMs: 1, ...data })

test('a milestone counts the items that are settled, failed ones among them', async () => {
  const line = (size: number, data: object) => lineOf([scenarioOf(size)], reached(data))
  expect(await line(30, { pct: 30, itemsSettled: 10, itemsFailed: 10 })).toBe('12:02:22 all 30% 10/30 items, 10 failed 1.5s')
  expect(await line(3, { pct: 30, itemsSettled: 3, itemsFailed: 3 })).toBe('12:02:22 all 30% 3/3 items, 3 failed 1.5s')
  expect(await line(30, { pct: 50, itemsSettled: 15 })).toBe('12:02:22 all 50% 15/30 items 1.5s')
  // As versions told that did not say how many.
  expect(await line(30, { pct: 50 })).toBe('12:02:22 all 50% 15/30 items 1.5s')
})

test('a scenario that --bail ended says so', async () => {
  const line = (itemsFailed: number) => lineOf([scenarioOf(30)], event('scenario.failed', { reason: 'errors', itemsFailed }))
  expect(await line(3)).toBe(
    '12:02:22 all failed: 3 of 30 items failed, and with --bail the first one ends the run (90 % would be tolerated)',
  )
  expect(await line(28)).toBe('12:02:22 all failed: 28 of 30 items failed, 90 % tolerated')
})

const opened = (changes: object) =>
  event('breaker.opened', { cause: 'call.failed', message: 'busy', recoveryAttempts: 0, ...changes }, 'breaker:default')

test('an open breaker says what it waits for', async () => {
  const line = (data: object) => lineOf([scenarioOf(30)], opened(data))
  expect(await line({ probeAt: at + 30_000 })).toBe(
    '12:02:22 breaker: too many failures, no calls until 12:02:52 (30 s); then one call asks whether the skill answers again. Last error: busy',
  )
  expect(await line({ probeAt: at + 300_000, recoveryAttempts: 4 })).toBe(
    '12:02:22 breaker: still failing after 4 probes, no calls until 12:07:22 (300 s); then one call asks whether the skill answers again. Last error: busy',
  )
})
