import { describe, expect, test } from 'vitest'
import { elapsedMs } from '../../src/machines/scenarioRules.ts'
import { scenarioSpec, startScenario, type Scenario } from './scenarioHarness.ts'

const batches = (scenario: Scenario) => scenario.calls.map(({ batch }) => batch)
const claims = (scenario: Scenario) => scenario.messages.flatMap((m) => (m.type === 'scenario.changed' && m.claim ? [m.claim] : []))
const factTypes = (scenario: Scenario) => scenario.facts.map(({ type }) => type).filter((type) => type !== 'milestone.reached')

describe('failures', () => {
  test('fails as soon as failed items exceed the tolerance, not when they reach it', () => {
    const scenario = startScenario(scenarioSpec({ errorTolerance: 0.2 }))
    scenario.start()
    scenario.settle(0, { failed: true })
    scenario.settle(1, { failed: true })
    expect(scenario.status()).toBe('running')
    scenario.settle(2, { failed: true })
    expect(scenario.status()).toBe('failed')
    expect(batches(scenario)).toEqual([0, 1, 2])
    expect(claims(scenario)).toMatchObject([{ kind: 'diagnostic', reason: 'errors', items: 0, itemsFailed: 30, progressPct: 30 }])
    expect(scenario.milestones()).toEqual([0, 30])
  })

  // 0.29 · 100 is 28.999999999999996 in floating point.
  test('exactly the tolerance is tolerated, whatever floating point makes of it', () => {
    const scenario = startScenario(scenarioSpec({ batchSize: 29, errorTolerance: 0.29 }))
    scenario.start()
    scenario.settle(0, { failed: true })
    expect(scenario.status()).toBe('running')
  })

  test.each([
    ['time-budget', (scenario: Scenario) => scenario.send({ type: 'budget.spent', at: scenario.clock.now() })],
    ['memory', (scenario: Scenario) => scenario.send({ type: 'scenario.broke', reason: 'memory', at: scenario.clock.now() })],
    ['skill', (scenario: Scenario) => scenario.send({ type: 'scenario.broke', reason: 'skill', at: scenario.clock.now() })],
    ['cancelled', (scenario: Scenario) => scenario.send({ type: 'scenario.cancel', at: scenario.clock.now() })],
  ] as const)('%s ends it with one claim, its lanes and its budget stopped', (reason, fail) => {
    const scenario = startScenario(scenarioSpec({ timeBudgetMs: 1_000 }), { parallel: 4 })
    scenario.start()
    scenario.settle(0)
    scenario.clock.increment(70)
    fail(scenario)
    expect(scenario.status()).toBe('failed')
    expect(claims(scenario)).toMatchObject([{ kind: 'diagnostic', reason, items: 10, progressPct: 10 }])
    expect(scenario.alive).toEqual({ lanes: 0, budgets: 0 })
    expect(scenario.state()).toMatchObject({ reason, open: [], spent: { running: 70 } })
    expect(factTypes(scenario)).toEqual(['scenario.started', 'scenario.failed'])
  })

  test('with lanes that have something in hand it fails when they have let go, and counts what they had stored', () => {
    const scenario = startScenario(scenarioSpec(), { parallel: 2 })
    scenario.lanes.lingering = true
    scenario.start()
    scenario.send({ type: 'scenario.cancel', at: 1 })
    scenario.send({ type: 'budget.spent', at: 2 })
    scenario.pause()
    scenario.continue()
    expect(scenario.status()).toBe('running')
    expect(scenario.lanes.orders.filter(({ type }) => type !== 'lanes.work')).toEqual([{ type: 'lanes.end' }])
    scenario.settle(1)
    expect(batches(scenario)).toEqual([0, 1])
    expect(scenario.status()).toBe('running')
    scenario.lanes.end()
    expect(scenario.status()).toBe('failed')
    expect(claims(scenario)).toMatchObject([{ kind: 'diagnostic', reason: 'cancelled', items: 10, progressPct: 10 }])
    expect(scenario.state()).toMatchObject({ ending: null, open: [], lanes: false })
    scenario.restart()
    scenario.send({ type: 'work.fetched', ranges: [[10, 100]], more: null, confirmed: 10, at: 3 })
    scenario.lanes.lingering = false
    scenario.settleAll()
    expect(scenario.status()).toBe('complete')
  })

  test('paused with work in the lanes, it can be cancelled', () => {
    const scenario = startScenario()
    scenario.start()
    scenario.pause()
    scenario.settle(0)
    scenario.send({ type: 'scenario.cancel', at: 1 })
    expect(scenario.status()).toBe('failed')
    expect(claims(scenario)).toMatchObject([{ reason: 'cancelled', items: 10 }])
  })

  test('a final state ignores what comes late', () => {
    const scenario = startScenario()
    scenario.start()
    scenario.send({ type: 'scenario.cancel', at: 0 })
    const before = scenario.state()
    const told = scenario.messages.length
    scenario.settle(0)
    scenario.pause()
    scenario.release(30)
    scenario.start()
    scenario.send({ type: 'budget.spent', at: 1 })
    scenario.send({ type: 'scenario.broke', reason: 'memory', at: 1 })
    scenario.send({ type: 'work.fetched', ranges: [[0, 100]], more: null, confirmed: 0, at: 1 })
    scenario.send({ type: 'scenario.cancel', at: 1 })
    scenario.send({ type: 'lanes.ended', at: 1 })
    expect(scenario.state()).toEqual(before)
    expect(scenario.status()).toBe('failed')
    expect(scenario.messages).toHaveLength(told)
  })

  test('the budget is armed at the start with what was used, and where there is none nothing is', () => {
    const limited = startScenario(scenarioSpec({ timeBudgetMs: 30_000 }))
    limited.start()
    expect(limited.budgets).toEqual([{ limitMs: 30_000, usedMs: 0 }])
    const free = startScenario()
    free.start()
    expect(free.budgets).toEqual([])
  })
})

describe('restart', () => {
  const failedAt20 = () => {
    const scenario = startScenario(scenarioSpec({ errorTolerance: 0.05 }))
    scenario.start()
    scenario.settle(0)
    scenario.settle(1, { failed: true })
    return scenario
  }

  test('goes on with what is not confirmed, in a new round, which the store is asked for', () => {
    const scenario = failedAt20()
    expect(scenario.status()).toBe('failed')
    scenario.clock.increment(5_000)
    scenario.send({ type: 'scenario.restart', fresh: false, halvings: 0, at: 5_000 })
    expect(scenario.status()).toBe('pending')
    expect(scenario.asked).toEqual([])
    scenario.start()
    expect(scenario.status()).toBe('running')
    expect(scenario.asked).toEqual([{ repetition: 1, round: 1, firstRound: 0, from: 0 }])
    expect(batches(scenario)).toEqual([0, 1])
    scenario.send({ type: 'work.fetched', ranges: [[10, 100]], more: null, confirmed: 10, at: 5_000 })
    expect(scenario.calls.at(-1)).toMatchObject({ batch: 1, from: 10, round: 1, firstRound: 0 })
    scenario.settleAll()
    expect(scenario.status()).toBe('complete')
    expect(scenario.state().repetitions[0]).toMatchObject({ settled: 100, failed: 0 })
    expect(scenario.milestones()).toEqual([0, 30, 50, 70, 90, 100])
    // Time in which it was final is charged to nothing.
    expect(elapsedMs(scenario.state(), 5_000)).toBe(0)
    expect(claims(scenario).map(({ kind }) => kind)).toEqual(['diagnostic', 'result'])
    expect(factTypes(scenario)).toEqual([
      'scenario.started',
      'scenario.failed',
      'scenario.restarted',
      'scenario.started',
      'scenario.completed',
    ])
  })

  test('has the whole time budget again, on top of what was used before', () => {
    const scenario = startScenario(scenarioSpec({ timeBudgetMs: 1_000 }))
    scenario.start()
    scenario.settle(0, { activeMs: 1_010 })
    scenario.send({ type: 'budget.spent', at: 5 })
    scenario.restart()
    expect(scenario.budgets).toEqual([
      { limitMs: 1_000, usedMs: 0 },
      { limitMs: 2_010, usedMs: 1_010 },
    ])
    scenario.send({ type: 'scenario.cancel', at: 6 })
    scenario.restart(true)
    expect(scenario.budgets.at(-1)).toEqual({ limitMs: 1_000, usedMs: 0 })
  })

  test('fresh gives up what is confirmed', () => {
    const scenario = failedAt20()
    scenario.restart(true)
    expect(scenario.asked).toEqual([])
    expect(scenario.calls.at(-1)).toMatchObject({ batch: 0, from: 0, round: 1, firstRound: 1 })
    expect(scenario.state().repetitions[0]).toEqual({ settled: 0, failed: 0, milestone: 0, released: 0 })
    scenario.settleAll()
    expect(scenario.status()).toBe('complete')
    expect(scenario.facts.find((fact) => fact.type === 'scenario.restarted')).toMatchObject({ round: 1, fresh: true })
  })

  test('an answer that the round before had asked for is no answer for this one', () => {
    const scenario = failedAt20()
    scenario.restart()
    scenario.send({ type: 'scenario.cancel', at: 2 })
    scenario.restart(true)
    scenario.send({ type: 'work.fetched', ranges: [[50, 100]], more: null, confirmed: 10, at: 4 })
    scenario.settleAll()
    expect(scenario.calls.filter(({ round }) => round === 2).map(({ batch }) => batch)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(scenario.status()).toBe('complete')
  })

  test('one that was cancelled before it started starts', () => {
    const scenario = startScenario(scenarioSpec({ size: 10 }))
    scenario.send({ type: 'scenario.cancel', at: 0 })
    expect(scenario.status()).toBe('failed')
    scenario.clock.increment(500)
    scenario.restart()
    expect(scenario.status()).toBe('running')
    scenario.send({ type: 'work.fetched', ranges: [[0, 10]], more: null, confirmed: 0, at: 500 })
    expect(scenario.milestones()).toEqual([0])
    scenario.settleAll()
    expect(scenario.status()).toBe('complete')
  })

  test('a complete one has nothing left, and is complete again', () => {
    const scenario = startScenario()
    scenario.start()
    scenario.settleAll()
    scenario.restart()
    scenario.send({ type: 'work.fetched', ranges: [], more: null, confirmed: 100, at: 1 })
    expect(scenario.status()).toBe('complete')
    expect(batches(scenario)).toHaveLength(10)
  })

  test('more ranges than one answer holds are asked for behind the last', () => {
    const scenario = startScenario(scenarioSpec({ errorTolerance: 0.2 }))
    scenario.start()
    scenario.send({ type: 'scenario.cancel', at: 0 })
    scenario.restart()
    scenario.send({
      type: 'work.fetched',
      ranges: [
        [0, 10],
        [40, 50],
      ],
      more: 70,
      confirmed: 70,
      at: 1,
    })
    scenario.settle(0)
    scenario.settle(4)
    expect(scenario.asked.map(({ from }) => from)).toEqual([0, 70])
    expect(scenario.status()).toBe('running')
    scenario.send({ type: 'work.fetched', ranges: [[90, 100]], more: null, confirmed: 90, at: 1 })
    expect(scenario.calls.at(-1)).toMatchObject({ batch: 9, round: 1 })
    scenario.settle(9)
    expect(scenario.status()).toBe('complete')
    expect(scenario.state().repetitions[0]).toMatchObject({ settled: 100, failed: 0 })
  })
})

describe('repetitions', () => {
  test('follow each other, each with milestones, barriers and times of its own', () => {
    const scenario = startScenario(scenarioSpec({ size: 20, repetitions: 2, milestones: [0, 50, 100], barriers: [50] }))
    scenario.start()
    scenario.clock.increment(100)
    scenario.settle(0, { activeMs: 60 })
    scenario.release(50)
    scenario.clock.increment(100)
    scenario.settle(1, { activeMs: 120 })
    expect(scenario.calls.at(-1)).toMatchObject({ repetition: 2, batch: 0 })
    expect(scenario.facts.filter(({ type }) => type === 'repetition.started')).toEqual([
      { type: 'repetition.started', repetition: 2, at: 200 },
    ])
    scenario.clock.increment(30)
    scenario.settle(0, { activeMs: 140 })
    expect(scenario.messages.filter((m) => m.type === 'scenario.arrived')).toMatchObject([
      { repetition: 1, pct: 50 },
      { repetition: 2, pct: 50 },
    ])
    scenario.release(50, 2)
    scenario.clock.increment(30)
    scenario.settle(1, { activeMs: 160 })
    expect(scenario.status()).toBe('complete')
    expect(scenario.milestones()).toEqual([0, 50, 100, '2:0', '2:50', '2:100'])
    const times = scenario.facts.flatMap((f) => (f.type === 'milestone.reached' ? [[f.elapsedMs, f.activeMs]] : []))
    expect(times).toEqual([
      [0, 0],
      [100, 60],
      [200, 120],
      [0, 0],
      [30, 20],
      [60, 40],
    ])
    expect(claims(scenario)).toMatchObject([{ items: 40, progressPct: 100, batches: 4 }])
  })

  test('in a later round each is asked for: a stored outcome that nobody has counted is not computed again', () => {
    const scenario = startScenario(scenarioSpec({ size: 20, repetitions: 2 }))
    scenario.start()
    scenario.settle(0)
    scenario.settle(1)
    // Its first batch of the second repetition is in flight: it is stored, though nobody hears of it any more.
    scenario.send({ type: 'scenario.cancel', at: 1 })
    scenario.restart()
    scenario.send({ type: 'work.fetched', ranges: [], more: null, confirmed: 20, at: 3 })
    expect(scenario.asked).toMatchObject([
      { repetition: 1, round: 1 },
      { repetition: 2, round: 1 },
    ])
    scenario.send({ type: 'work.fetched', ranges: [[10, 20]], more: null, confirmed: 10, at: 4 })
    expect(scenario.calls.at(-1)).toMatchObject({ repetition: 2, batch: 1 })
    scenario.settle(1)
    expect(scenario.status()).toBe('complete')
  })
})
