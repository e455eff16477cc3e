import { describe, expect, test } from 'vitest'
import { elapsedMs } from '../../src/machines/scenarioRules.ts'
import { scenarioSpec, startScenario, type Scenario } from './scenarioHarness.ts'

const ranges = (scenario: Scenario) => scenario.calls.map(({ from, items }) => [from, from + items])
const batches = (scenario: Scenario) => scenario.calls.map(({ batch }) => batch)
const claims = (scenario: Scenario) => scenario.messages.flatMap((m) => (m.type === 'scenario.changed' && m.claim ? [m.claim] : []))
const factTypes = (scenario: Scenario) => scenario.facts.map(({ type }) => type).filter((type) => type !== 'milestone.reached')

describe('batches', () => {
  test('are cut at multiples of the batch size, and the last is short', () => {
    const scenario = startScenario(scenarioSpec({ size: 25 }))
    expect(scenario.calls).toEqual([])
    scenario.start()
    scenario.settleAll()
    expect(ranges(scenario)).toEqual([
      [0, 10],
      [10, 20],
      [20, 25],
    ])
    expect(batches(scenario)).toEqual([0, 1, 2])
    expect(scenario.status()).toBe('complete')
  })

  test('one at a time by default: the next is called when the one before is settled', () => {
    const scenario = startScenario()
    scenario.start()
    expect(batches(scenario)).toEqual([0])
    scenario.settle(0)
    expect(batches(scenario)).toEqual([0, 1])
  })

  test('with four lanes four are in flight, each in a lane of its own, and a lane is used again', () => {
    const scenario = startScenario(scenarioSpec({ parallel: 4 }))
    scenario.start()
    expect(scenario.calls.map(({ lane, batch }) => [lane, batch])).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ])
    scenario.settle(2)
    expect(scenario.calls.at(-1)).toMatchObject({ lane: 2, batch: 4 })
    expect(scenario.alive.lanes).toBe(4)
    scenario.settleAll()
    expect(batches(scenario).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(scenario.alive.lanes).toBe(0)
  })

  test('what is settled twice, or was never called, counts once, or not at all', () => {
    const scenario = startScenario()
    scenario.start()
    scenario.settle(0, { items: 10 })
    const before = scenario.state()
    scenario.settle(0, { items: 10 })
    scenario.settle(7, { items: 10 })
    expect(scenario.state()).toEqual(before)
    expect(batches(scenario)).toEqual([0, 1])
  })
})

describe('counts', () => {
  test('are sums, means over items, and maxima', () => {
    const scenario = startScenario(scenarioSpec({ size: 15, errorTolerance: 1 }))
    scenario.start()
    scenario.settle(0, { quality: { accuracy: 1 }, memoryPeakMb: 80, processed: 9, retries: 2, errors: { transient: 2 }, activeMs: 40 })
    scenario.settle(1, {
      quality: { accuracy: 0.4 },
      memoryPeakMb: 60,
      processed: 0,
      failed: true,
      retries: 1,
      errors: { transient: 1, critical: 1 },
      activeMs: 55,
    })
    const { quality, memoryPeakMb, processed, retries, errors, activeMs } = scenario.state()
    // (10 · 1 + 5 · 0.4) / 15 = 0.8
    expect(quality.accuracy!.sum / quality.accuracy!.items).toBeCloseTo(0.8, 12)
    expect({ memoryPeakMb, processed, retries, activeMs }).toEqual({ memoryPeakMb: 80, processed: 9, retries: 3, activeMs: 55 })
    expect(errors).toEqual({ critical: 1, recoverable: 0, transient: 3, ignored: 0 })
    expect(claims(scenario)).toMatchObject([
      { kind: 'result', items: 10, itemsFailed: 5, batches: 2, progressPct: 100, results: 'default/simple' },
    ])
  })
})

describe('milestones', () => {
  test('0 is at the start, and one batch that passes several records each of them once, in order', () => {
    const scenario = startScenario(scenarioSpec({ size: 20 }))
    scenario.start()
    expect(scenario.milestones()).toEqual([0])
    scenario.settle(0)
    expect(scenario.milestones()).toEqual([0, 30, 50])
    scenario.settle(1)
    expect(scenario.milestones()).toEqual([0, 30, 50, 70, 90, 100])
    expect(scenario.reached()).toEqual([0, 30, 50, 70, 90, 100])
  })

  test('is a share of the items that are settled, failed ones among them, wherever they lie', () => {
    const scenario = startScenario(scenarioSpec({ parallel: 4, errorTolerance: 1 }))
    scenario.start()
    scenario.settle(3)
    scenario.settle(1, { failed: true })
    expect(scenario.milestones()).toEqual([0])
    scenario.settle(4)
    expect(scenario.milestones()).toEqual([0, 30])
  })

  test('carry wall time and active time since the start', () => {
    const scenario = startScenario()
    scenario.clock.increment(1_000)
    scenario.start()
    scenario.clock.increment(300)
    scenario.settle(0, { activeMs: 100 })
    scenario.settle(1, { activeMs: 150 })
    scenario.clock.increment(50)
    scenario.settle(2, { activeMs: 180 })
    const { elapsedMs: elapsed, activeMs, at } = scenario.facts.findLast((fact) => fact.type === 'milestone.reached')!
    expect({ elapsed, activeMs, at }).toEqual({ elapsed: 350, activeMs: 180, at: 1_350 })
  })
})

describe('barriers', () => {
  test('one lane: what lies before the share is called, what lies behind waits for the release', () => {
    const scenario = startScenario(scenarioSpec({ barriers: [30, 100] }))
    scenario.start()
    scenario.settle(0)
    scenario.settle(1)
    expect(scenario.arrived()).toEqual([])
    scenario.settle(2)
    expect(batches(scenario)).toEqual([0, 1, 2])
    expect(scenario.arrived()).toEqual([30])
    expect(scenario.state().pausedBy).toEqual(['barrier'])
    expect(scenario.status()).toBe('paused')
    scenario.release(30)
    expect(scenario.status()).toBe('running')
    expect(batches(scenario)).toEqual([0, 1, 2, 3])
  })

  test('batches are never cut: the one that lies across the share starts, and ends, before the wait', () => {
    const scenario = startScenario(scenarioSpec({ barriers: [35] }))
    scenario.start()
    for (const batch of [0, 1, 2]) scenario.settle(batch)
    expect(batches(scenario)).toEqual([0, 1, 2, 3])
    expect(scenario.arrived()).toEqual([])
    scenario.settle(3)
    expect(scenario.arrived()).toEqual([35])
    expect(batches(scenario)).toEqual([0, 1, 2, 3])
  })

  test('four lanes: none starts behind the share, and all before it must be settled to arrive', () => {
    const scenario = startScenario(scenarioSpec({ barriers: [30], parallel: 4 }))
    scenario.start()
    expect(batches(scenario)).toEqual([0, 1, 2])
    scenario.settle(2)
    scenario.settle(1)
    expect(scenario.arrived()).toEqual([])
    expect(batches(scenario)).toEqual([0, 1, 2])
    scenario.settle(0)
    expect(scenario.arrived()).toEqual([30])
    scenario.release(30)
    expect(batches(scenario)).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  test('one batch that passes several barriers waits at each', () => {
    const scenario = startScenario(scenarioSpec({ size: 20, barriers: [10, 20, 60, 100] }))
    scenario.start()
    scenario.settle(0)
    expect(scenario.arrived()).toEqual([10])
    scenario.release(10)
    expect(scenario.arrived()).toEqual([10, 20])
    expect(scenario.status()).toBe('paused')
    scenario.release(20)
    expect(scenario.status()).toBe('running')
    expect(batches(scenario)).toEqual([0, 1])
  })

  test('one that was released before the scenario came is passed without a wait', () => {
    const scenario = startScenario(scenarioSpec({ barriers: [30] }))
    scenario.start()
    scenario.release(30)
    for (const batch of [0, 1, 2]) scenario.settle(batch)
    expect(scenario.arrived()).toEqual([])
    expect(batches(scenario)).toEqual([0, 1, 2, 3])
  })

  test('the last is waited for before the scenario is complete', () => {
    const scenario = startScenario(scenarioSpec({ size: 10, barriers: [100] }))
    scenario.start()
    scenario.settle(0)
    expect(scenario.status()).toBe('paused')
    scenario.release(100)
    expect(scenario.status()).toBe('complete')
  })

  test('failed items arrive too', () => {
    const scenario = startScenario(scenarioSpec({ barriers: [30], errorTolerance: 1 }))
    scenario.start()
    for (const batch of [0, 1, 2]) scenario.settle(batch, { failed: true })
    expect(scenario.arrived()).toEqual([30])
  })
})

describe('pauses', () => {
  test('are a set: running again only when it is empty, and charged to the first of user, database, breaker, barrier', () => {
    const scenario = startScenario(scenarioSpec({ barriers: [10] }))
    scenario.start()
    scenario.clock.increment(1)
    scenario.settle(0) // barrier
    scenario.clock.increment(10)
    scenario.pause('breaker')
    scenario.clock.increment(100)
    scenario.pause('database')
    scenario.clock.increment(1_000)
    scenario.pause('user')
    expect(scenario.state().pausedBy).toEqual(['user', 'database', 'breaker', 'barrier'])
    scenario.clock.increment(10_000)
    scenario.release(10)
    scenario.continue('breaker')
    scenario.clock.increment(20_000)
    scenario.continue('user')
    scenario.clock.increment(2_000)
    expect(scenario.status()).toBe('paused')
    scenario.continue('database')
    expect(scenario.status()).toBe('running')
    scenario.clock.increment(2)
    const s = scenario.state()
    expect(s.spent).toEqual({ running: 1, barrier: 10, breaker: 100, database: 3_000, user: 30_000, interrupted: 0 })
    expect(elapsedMs(s, scenario.clock.now())).toBe(33_113)
  })

  test('a batch in flight ends, none starts, and the pause twice is one pause', () => {
    const scenario = startScenario()
    scenario.start()
    scenario.pause()
    scenario.pause()
    scenario.settle(0)
    expect(batches(scenario)).toEqual([0])
    expect(scenario.state().repetitions[0]!.settled).toBe(10)
    scenario.continue()
    expect(batches(scenario)).toEqual([0, 1])
    expect(factTypes(scenario)).toEqual(['scenario.started', 'scenario.paused', 'scenario.continued'])
  })

  test('before the start nothing has started: it begins paused', () => {
    const scenario = startScenario()
    scenario.pause()
    expect(scenario.status()).toBe('pending')
    expect(factTypes(scenario)).toEqual([])
    scenario.start()
    expect(scenario.status()).toBe('paused')
    expect(factTypes(scenario)).toEqual(['scenario.started', 'scenario.paused'])
    expect(scenario.calls).toEqual([])
    scenario.continue()
    expect(batches(scenario)).toEqual([0])
  })

  test('all settled while the user holds it: complete when it may go on', () => {
    const scenario = startScenario(scenarioSpec({ size: 10 }))
    scenario.start()
    scenario.pause()
    scenario.settle(0)
    expect(scenario.status()).toBe('paused')
    scenario.continue()
    expect(scenario.status()).toBe('complete')
  })
})
