import { describe, expect, test } from 'vitest'
import { elapsedMs } from '../../src/machines/scenarioRules.ts'
import { scenarioSpec, startScenario, type Scenario } from './scenarioHarness.ts'

const ranges = (scenario: Scenario) => scenario.calls.map(({ from, items }) => [from, from + items])
const batches = (scenario: Scenario) => scenario.calls.map(({ batch }) => batch)
const claims = (scenario: Scenario) => scenario.messages.flatMap((m) => (m.type === 'scenario.changed' && m.claim ? [m.claim] : []))
const factTypes = (scenario: Scenario) => scenario.facts.map(({ type }) => type).filter((type) => type !== 'milestone.reached')

describe('work', () => {
  const works = (scenario: Scenario) => scenario.lanes.orders.filter((order) => order.type === 'lanes.work')

  test('all of it is handed to the lanes at the start, and they are to say when the next milestone is reached', () => {
    const scenario = startScenario(scenarioSpec({ size: 25 }))
    expect(scenario.lanes.orders).toEqual([])
    scenario.start()
    const order = { type: 'lanes.work', repetition: 1, round: 0, firstRound: 0, cut: { batchSize: 10, uneven: false, alone: false } }
    // 30 % of 25 are 7.5 items, 50 % are 12.5: 8 and 13 of them.
    expect(scenario.lanes.orders).toEqual([{ ...order, ranges: [[0, 25]], tellAfter: 8 }])
    scenario.settle(0)
    expect(works(scenario).at(-1)).toEqual({ ...order, ranges: [], tellAfter: 3 })
    scenario.settleAll()
    expect(ranges(scenario)).toEqual([
      [0, 10],
      [10, 20],
      [20, 25],
    ])
    expect(scenario.status()).toBe('complete')
    expect(scenario.alive.lanes).toBe(0)
  })

  test('stops before a barrier, but for the batch that lies across it, and goes on behind it at the release', () => {
    const scenario = startScenario(scenarioSpec({ barriers: [35] }))
    scenario.start()
    expect(works(scenario)).toMatchObject([{ ranges: [[0, 40]], tellAfter: 30 }])
    scenario.settleAll()
    expect(scenario.lanes.orders.map(({ type }) => type)).not.toContain('lanes.hold')
    scenario.release(35)
    expect(works(scenario).at(-1)).toMatchObject({ ranges: [[40, 100]], tellAfter: 10 })
  })

  test('what is settled twice, or was never handed out, counts once, or not at all', () => {
    const scenario = startScenario(scenarioSpec({ barriers: [50] }))
    scenario.start()
    scenario.settle(0)
    const before = scenario.state()
    scenario.settle(0)
    scenario.settle(7)
    expect(scenario.state()).toEqual(before)
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
    const scenario = startScenario(scenarioSpec({ errorTolerance: 1 }), { parallel: 4 })
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
    const scenario = startScenario(scenarioSpec({ barriers: [30] }), { parallel: 4 })
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
