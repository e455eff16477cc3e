import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RunSpec } from '../../src/machines/orchestratorState.ts'
import { touchy } from './breakerSequences.ts'
import { propertyRuns } from './propertyRuns.ts'
import { RecoveryStore } from './recoveryStore.ts'
import { COMPLEX, MEDIUM, runSpec, SIMPLE, startRun, type Run } from './runHarness.ts'
import { scenarioSpec } from './scenarioHarness.ts'

const ALL = [SIMPLE, MEDIUM, COMPLEX]
const recovering = (changes: Partial<RunSpec> = {}) => runSpec({ recoveryAttempts: 1, ...changes })
const failAll = (run: Run) => {
  for (const address of ALL) run.settle(address, 1, { failed: true })
}
/** Nothing is confirmed: all is to be done again. */
const findAll = (run: Run) => {
  for (const [address, size] of [
    [SIMPLE, 20],
    [MEDIUM, 40],
    [COMPLEX, 80],
  ] as const)
    run.found(address, [[0, size]], 0)
}
const attemptsOf = (run: Run) => run.facts.flatMap((fact) => (fact.type === 'run.recovering' ? [fact.attempt] : []))

describe('a run all of whose scenarios have failed', () => {
  test('begins again by itself, in a new round, with batches of half the size, alone', () => {
    const run = startRun(recovering())
    run.start()
    failAll(run)
    expect(run.statuses()).toEqual(['running', 'running', 'running'])
    expect(run.state()).toMatchObject({ recoveries: 1, finishedAt: null, claims: {} })
    const before = run.calls.length
    findAll(run)
    run.settleAll()
    expect(run.status()).toBe('complete')
    const again = run.calls.slice(before)
    expect(new Set(again.map(({ round, items, alone }) => `${round} ${items} ${alone}`))).toEqual(new Set(['1 5 true']))
    expect(again).toHaveLength((20 + 40 + 80) / 5)
    expect(run.factTypes()).toEqual(['run.started', 'run.recovering', 'run.completed'])
    expect(run.scenarioFacts.filter(({ type }) => type === 'scenario.restarted')).toEqual(
      ALL.map((scenario) => ({ type: 'scenario.restarted', round: 1, fresh: false, halvings: 1, at: 0, scenario })),
    )
  })

  test('does so no more often than it may, and then it has failed', () => {
    for (const [attempts, done] of [
      [0, []],
      [1, [1]],
      [2, [1, 2]],
    ] as const) {
      const run = startRun(recovering({ recoveryAttempts: attempts }))
      run.start()
      failAll(run)
      for (const attempt of done) {
        findAll(run)
        expect(run.calls.at(-1)).toMatchObject({ round: attempt, items: attempt === 1 ? 5 : 3, alone: true })
        failAll(run)
      }
      expect(attemptsOf(run)).toEqual(done)
      expect(run.status()).toBe('failed')
      expect(run.facts.at(-1)).toMatchObject({ type: 'run.failed', reason: 'errors' })
      expect(Object.keys(run.state().claims)).toHaveLength(3)
    }
  })

  test('does not when one of them has not failed, or was cancelled, or lost its skill', () => {
    const complete = startRun(recovering())
    complete.start()
    complete.settle(SIMPLE, 2)
    for (const address of [MEDIUM, COMPLEX]) complete.settle(address, 1, { failed: true })
    expect([complete.status(), attemptsOf(complete)]).toEqual(['failed', []])

    const cancelled = startRun(recovering())
    cancelled.start()
    cancelled.cancel(SIMPLE)
    for (const address of [MEDIUM, COMPLEX]) cancelled.settle(address, 1, { failed: true })
    expect([cancelled.status(), attemptsOf(cancelled)]).toEqual(['failed', []])

    for (const [reason, attempts] of [
      ['skill', []],
      ['cost-cap', []],
      ['memory', [1]],
      ['time-budget', []],
      ['threshold', []],
      ['breaker', [1]],
    ] as const) {
      const run = startRun(recovering())
      run.start()
      for (const address of ALL) {
        run.scenario(address).send({ type: 'scenario.broke', reason, at: 0 })
      }
      expect([reason, attemptsOf(run)]).toEqual([reason, attempts])
    }
  })

  test('does so once over its whole life, whatever is restarted by hand', () => {
    const run = startRun(recovering())
    run.start()
    failAll(run)
    findAll(run)
    failAll(run)
    expect(run.status()).toBe('failed')
    run.restart()
    findAll(run)
    // As planned again: whole batches, side by side.
    expect(run.calls.slice(-3).map(({ items, alone, round }) => [items, alone, round])).toEqual(ALL.map(() => [10, false, 2]))
    failAll(run)
    expect([run.status(), attemptsOf(run)]).toEqual(['failed', [1]])
    expect(run.factTypes()).toEqual(['run.started', 'run.recovering', 'run.failed', 'run.restarted', 'run.continued', 'run.failed'])
  })

  test('serially it begins again in its order, one after the other', () => {
    const run = startRun(recovering({ order: 'serial' }))
    run.start()
    for (const address of ALL) run.settle(address, 1, { failed: true })
    expect(run.statuses()).toEqual(['running', 'pending', 'pending'])
    run.found(SIMPLE, [[0, 20]], 0)
    run.settle(SIMPLE, 4)
    expect(run.statuses()).toEqual(['complete', 'running', 'pending'])
  })

  test('while it is paused it begins again, and waits', () => {
    const run = startRun(recovering())
    run.start()
    run.pause()
    failAll(run)
    expect([run.status(), attemptsOf(run)]).toEqual(['paused', [1]])
    expect(run.statuses()).toEqual(['pending', 'pending', 'pending'])
    run.continue()
    findAll(run)
    run.settleAll()
    expect(run.status()).toBe('complete')
  })

  test('with barriers: they are honoured in the new round, those released before are not', () => {
    const barriers = { barriers: [50, 100], milestones: [0, 50, 100] }
    const run = startRun(runSpec({ recoveryAttempts: 1 }, barriers))
    run.start()
    run.settle(SIMPLE, 1)
    run.settle(MEDIUM, 2)
    run.settle(COMPLEX, 4)
    expect(run.releases).toMatchObject([{ pct: 50, outcome: { kind: 'all' } }])
    failAll(run)
    expect(attemptsOf(run)).toEqual([1])
    run.found(SIMPLE, [[10, 20]], 10)
    run.found(MEDIUM, [[20, 40]], 20)
    run.found(COMPLEX, [[40, 80]], 40)
    run.settle(SIMPLE, 2)
    expect(run.scenario(SIMPLE).getSnapshot().context.pausedBy).toEqual(['barrier'])
    run.settleAll()
    expect(run.status()).toBe('complete')
    expect(run.releases.map(({ pct, outcome }) => [pct, outcome.kind])).toEqual([
      [50, 'all'],
      [100, 'all'],
    ])
  })

  test('that failed while some waited at a barrier, it waits there for nobody who has gone', () => {
    const run = startRun(runSpec({ recoveryAttempts: 1 }, { barriers: [50, 100], milestones: [0, 50, 100] }))
    run.start()
    run.settle(SIMPLE, 1)
    expect(run.barriers()).toEqual(['1:50'])
    for (const address of ALL) run.scenario(address).send({ type: 'scenario.broke', reason: 'memory', at: 0 })
    for (const address of ALL) if (run.statusOf(address) !== 'running') throw new Error(`${address} does not run`)
    run.found(SIMPLE, [[10, 20]], 10)
    run.found(MEDIUM, [[0, 40]], 0)
    run.found(COMPLEX, [[0, 80]], 0)
    run.settleAll()
    expect(run.status()).toBe('complete')
  })
})

describe('its breakers', () => {
  const gateOf = (run: Run) => run.gates.get('default')!
  const failCall = (run: Run) => gateOf(run).failed(gateOf(run).enter(true), 'critical')
  const guarded = (options: Parameters<typeof touchy>[0]) => startRun(recovering({ breakers: [touchy(options)] }))

  test('a closed one is half-open: one scenario is probed first', () => {
    const run = guarded({ threshold: 100 })
    run.start()
    failAll(run)
    expect(run.state().breakers.default).toMatchObject({ status: 'halfOpen' })
    expect(run.statuses()).toEqual(['running', 'paused', 'paused'])
    gateOf(run).succeeded(gateOf(run).enter(true), 1)
    expect(run.statuses()).toEqual(['running', 'running', 'running'])
  })

  test('an open one stays open until its cooldown is over, and is half-open then', () => {
    const run = guarded({})
    run.start()
    failCall(run)
    failAll(run)
    expect(attemptsOf(run)).toEqual([1])
    expect(run.statuses()).toEqual(['paused', 'paused', 'paused'])
    run.clock.set(999)
    expect(run.statuses()).toEqual(['paused', 'paused', 'paused'])
    run.clock.set(1_000)
    expect(run.statuses()).toEqual(['running', 'paused', 'paused'])
  })

  test('one that has given up has one more cooldown and one more chance', () => {
    const run = guarded({ maxRecoveryAttempts: 2 })
    run.start()
    failCall(run)
    run.clock.set(1_000)
    failCall(run)
    run.clock.set(3_000)
    failCall(run)
    // All have failed with `breaker`; the next cooldown is that of a second failed probe.
    expect([run.statuses(), attemptsOf(run)]).toEqual([['paused', 'paused', 'paused'], [1]])
    run.clock.set(4_999)
    expect(run.statuses()).toEqual(['paused', 'paused', 'paused'])
    run.clock.set(5_000)
    expect(run.statuses()).toEqual(['running', 'paused', 'paused'])
    failCall(run)
    expect([run.status(), run.statuses()]).toEqual(['failed', ['failed', 'failed', 'failed']])
    expect(run.facts.at(-1)).toMatchObject({ type: 'run.failed', reason: 'breaker' })
  })

  test('forced and disabled ones are left alone', () => {
    for (const [type, status, statuses] of [
      ['breaker.open', 'forcedOpen', ['paused', 'paused', 'paused']],
      ['breaker.disable', 'disabled', ['running', 'running', 'running']],
    ] as const) {
      const run = guarded({})
      run.start()
      run.send({ type, at: 0 })
      failAll(run)
      expect([attemptsOf(run), run.state().breakers.default!.status, run.statuses()]).toEqual([[1], status, statuses])
    }
  })
})

const scenario = (name: string) =>
  fc.record({
    name: fc.constant(name),
    size: fc.integer({ min: 1, max: 40 }),
    batchSize: fc.integer({ min: 1, max: 9 }),
    errorTolerance: fc.constantFrom(0, 0.3),
  })

test('whatever fails in whatever round, no two batches have the same number, and nothing is confirmed twice', () => {
  let recovered = 0
  fc.assert(
    fc.property(
      fc.oneof(fc.tuple(scenario('simple')), fc.tuple(scenario('simple'), scenario('medium'))),
      fc.record({ recoveryAttempts: fc.constantFrom(0, 1, 2), repetitions: fc.constantFrom(1, 2), parallel: fc.constantFrom(1, 3) }),
      fc.subarray([30, 50, 100]),
      fc.array(fc.constantFrom(true, true, false), { minLength: 60, maxLength: 60 }),
      (scenarios, { recoveryAttempts, repetitions, parallel }, barriers, outcomes) => {
        const milestones = [...new Set([0, ...barriers, 100])].sort((a, b) => a - b)
        const specs = scenarios.map((s) => scenarioSpec({ ...s, barriers, milestones, repetitions }))
        const run = startRun(runSpec({ scenarios: specs, recoveryAttempts }), { parallel })
        const store = new RecoveryStore(run)
        let restarts = 0
        run.start()
        for (let n = 0, steps = 0; run.state().finishedAt === null; steps++) {
          expect(steps).toBeLessThan(5_000)
          if (store.answer()) continue
          const call = inFlight(run)
          expect(call, 'nothing is in flight, and the run has not ended').toBeDefined()
          const { halvings } = run.scenario(call!.scenario).getSnapshot().context
          const { batchSize } = specs.find(({ name }) => call!.scenario === `default/${name}`)!
          expect(call!.items).toBeLessThanOrEqual(Math.ceil(batchSize / 2 ** halvings))
          expect(call!.alone).toBe(halvings > 0)
          const ok = restarts >= 2 || (outcomes[n++ % outcomes.length] ?? true)
          store.store(call!, ok)
          run.settle(call!.scenario, 1, { failed: !ok })
          if (run.state().finishedAt !== null && run.status() === 'failed' && restarts++ < 2) run.restart(firstFailed(run))
        }
        recovered += run.state().recoveries
        expect(run.state().recoveries).toBeLessThanOrEqual(recoveryAttempts)
        expect([store.collisions, store.twice]).toEqual([[], []])
        for (const { name, size } of specs) {
          const { status } = run.state().members[`default/${name}`]!
          const claim = run.state().claims[`default/${name}`]!
          const stored = Array.from({ length: repetitions }, (_, i) => store.confirmed(`default/${name}`, i + 1).size)
          if (status === 'complete') expect(claim.items + claim.itemsFailed).toBe(size * repetitions)
          if (status === 'complete') expect(claim.items).toBe(stored.reduce((sum, items) => sum + items, 0))
        }
      },
    ),
    { numRuns: propertyRuns() },
  )
  expect(recovered).toBeGreaterThan(propertyRuns() / 20)
})

const firstFailed = (run: Run) => Object.entries(run.state().members).find(([, { status }]) => status === 'failed')![0]

/** The first batch that some lane has in hand. */
function inFlight(run: Run) {
  const busy = Object.keys(run.state().members).find((address) => run.busy(address))
  return busy === undefined ? undefined : { ...run.inFlight(busy)[0]!, scenario: busy }
}
