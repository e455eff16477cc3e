import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Claim } from '../../src/machines/claim.ts'
import { initialRunState, type RunEvent } from '../../src/machines/orchestratorState.ts'
import { orchestratorStep, runReasonOf, runStatusOf } from '../../src/machines/orchestratorStep.ts'
import { COMPLEX, MEDIUM, runSpec, SIMPLE, startRun } from './runHarness.ts'

const outcomes = (run: ReturnType<typeof startRun>) =>
  run.facts.flatMap((fact) => (fact.type === 'barrier.released' ? [{ pct: fact.pct, ...fact.outcome }] : []))

describe('a run', () => {
  test('starts all its scenarios, and is complete when all are', () => {
    const run = startRun()
    expect(run.status()).toBe('pending')
    expect(run.calls).toEqual([])
    run.start()
    expect(run.statuses()).toEqual(['running', 'running', 'running'])
    run.clock.increment(500)
    run.settleAll()
    expect(run.status()).toBe('complete')
    expect(run.state()).toMatchObject({ startedAt: 0, finishedAt: 500 })
    expect(run.factTypes()).toEqual(['run.started', 'run.completed'])
    expect(Object.keys(run.state().claims).toSorted()).toEqual([COMPLEX, MEDIUM, SIMPLE])
  })

  test('fails when one has failed and the others have ended, with the reason of the first of the plan', () => {
    const run = startRun()
    run.start()
    run.settle(COMPLEX, 1, { failed: true })
    expect(run.status()).toBe('running')
    run.cancel(MEDIUM)
    run.settleAll()
    expect(run.statuses()).toEqual(['complete', 'failed', 'failed'])
    expect(run.status()).toBe('failed')
    expect(runReasonOf(run.state())).toBe('cancelled')
    expect(run.factTypes()).toEqual(['run.started', 'run.failed'])
  })

  test('in serial order the next starts when the one before is final, however it ended', () => {
    const run = startRun(runSpec({ order: 'serial' }))
    run.start()
    expect(run.statuses()).toEqual(['running', 'pending', 'pending'])
    run.settle(SIMPLE, 2)
    expect(run.statuses()).toEqual(['complete', 'running', 'pending'])
    run.cancel(MEDIUM)
    expect(run.statuses()).toEqual(['complete', 'failed', 'running'])
    run.settleAll()
    expect(run.status()).toBe('failed')
  })

  test('in serial order a restarted one waits for the one at work', () => {
    const run = startRun(runSpec({ order: 'serial' }))
    run.start()
    run.cancel(SIMPLE)
    run.restart(SIMPLE)
    expect(run.statuses()).toEqual(['pending', 'running', 'pending'])
    run.settle(MEDIUM, 4)
    expect(run.statuses()).toEqual(['running', 'complete', 'pending'])
    run.found(SIMPLE, [[0, 20]], 0)
    run.settle(SIMPLE, 2)
    expect(run.statuses()).toEqual(['complete', 'complete', 'running'])
  })

  test('milestones across scenarios are passed when all that have not failed have reached them, once', () => {
    const run = startRun(runSpec({}, { milestones: [0, 50, 100] }))
    run.start()
    const passed = () => run.facts.flatMap((fact) => (fact.type === 'milestone.passed' ? [fact.pct] : []))
    expect(passed()).toEqual([0])
    run.settle(SIMPLE, 2)
    run.settle(MEDIUM, 2)
    expect(passed()).toEqual([0])
    run.cancel(COMPLEX)
    expect(passed()).toEqual([0, 50])
    run.settle(MEDIUM, 2)
    expect(passed()).toEqual([0, 50, 100])
    expect(run.facts.findLast((fact) => fact.type === 'milestone.passed')).toMatchObject({
      statuses: { [SIMPLE]: 'complete', [COMPLEX]: 'failed' },
    })
  })
})

describe('barriers', () => {
  const milestone = (barriers = [50, 100], order: 'parallel' | 'serial' = 'parallel') =>
    startRun(runSpec({ order }, { barriers, milestones: [0, 50, 100] }))

  test('all: the fast wait for the slow, and go on together', () => {
    const run = milestone()
    run.start()
    run.settle(SIMPLE)
    run.settle(MEDIUM, 2)
    expect(run.statuses()).toEqual(['paused', 'paused', 'running'])
    expect(run.barriers()).toEqual(['1:50'])
    run.settle(COMPLEX, 4)
    expect(run.statuses()).toEqual(['running', 'running', 'running'])
    expect(run.barriers()).toEqual([])
    expect(outcomes(run)).toEqual([{ pct: 50, kind: 'all', missing: [] }])
    run.settleAll()
    expect(outcomes(run)).toEqual([
      { pct: 50, kind: 'all', missing: [] },
      { pct: 100, kind: 'all', missing: [] },
    ])
    expect(run.status()).toBe('complete')
  })

  test('without: one that ends leaves the barrier, and the rest keep synchronising', () => {
    const run = milestone()
    run.start()
    run.settle(SIMPLE)
    run.settle(COMPLEX, 1, { failed: true })
    expect(run.statuses()).toEqual(['paused', 'running', 'failed'])
    run.settle(MEDIUM, 2)
    expect(outcomes(run)).toEqual([{ pct: 50, kind: 'without', missing: [COMPLEX] }])
    run.settle(SIMPLE)
    expect(run.statuses()).toEqual(['paused', 'running', 'failed'])
    run.settle(MEDIUM, 2)
    expect(outcomes(run).at(-1)).toEqual({ pct: 100, kind: 'all', missing: [] })
    expect(run.status()).toBe('failed')
  })

  test('timed-out: those who wait go on, the late is not held there, and later barriers work again', () => {
    const run = milestone()
    run.start()
    run.settle(SIMPLE)
    run.clock.increment(10_000)
    run.settle(MEDIUM, 2)
    run.clock.increment(20_000)
    expect(outcomes(run)).toEqual([{ pct: 50, kind: 'timed-out', missing: [COMPLEX] }])
    expect(run.statuses()).toEqual(['running', 'running', 'running'])
    run.settle(SIMPLE)
    expect(run.statusOf(SIMPLE)).toBe('paused')
    run.settle(COMPLEX, 4)
    expect(run.statusOf(COMPLEX)).toBe('running')
    run.settle(MEDIUM, 2)
    run.settle(COMPLEX, 4)
    expect(outcomes(run).at(-1)).toEqual({ pct: 100, kind: 'all', missing: [] })
    expect(run.status()).toBe('complete')
  })

  test.each([
    ['the run', undefined],
    ['one scenario', COMPLEX],
  ])('a pause of %s stops the clock, not the arrivals', (_what, address) => {
    const run = milestone()
    run.start()
    run.settle(SIMPLE)
    run.clock.increment(29_000)
    run.pause(address)
    run.clock.increment(100_000)
    expect(outcomes(run)).toEqual([])
    run.continue(address)
    run.clock.increment(999)
    expect(outcomes(run)).toEqual([])
    run.clock.increment(1)
    expect(outcomes(run)).toEqual([{ pct: 50, kind: 'timed-out', missing: [MEDIUM, COMPLEX] }])
  })

  test('one that opens during a pause has its whole time when that ends', () => {
    const run = milestone()
    run.start()
    run.pause(COMPLEX)
    run.settle(SIMPLE)
    run.clock.increment(60_000)
    expect(outcomes(run)).toEqual([])
    run.continue(COMPLEX)
    run.clock.increment(29_999)
    expect(outcomes(run)).toEqual([])
    run.clock.increment(1)
    expect(outcomes(run)).toMatchObject([{ kind: 'timed-out' }])
  })

  test('two pauses that overlap: the clock goes on after both', () => {
    const run = milestone()
    run.start()
    run.settle(SIMPLE)
    run.pause()
    run.send({ type: 'database.lost', at: run.clock.now() })
    run.continue()
    run.clock.increment(60_000)
    expect(outcomes(run)).toEqual([])
    expect(run.status()).toBe('paused')
    run.send({ type: 'database.back', at: run.clock.now() })
    expect(run.status()).toBe('running')
    run.clock.increment(30_000)
    expect(outcomes(run)).toMatchObject([{ kind: 'timed-out' }])
  })

  test('lockstep: all proceed together, nobody starts behind a barrier that stands', () => {
    const run = startRun(runSpec({}, { barriers: [25, 50, 75, 100], milestones: [0, 25, 50, 75, 100] }))
    run.start()
    for (const _round of [1, 2, 3, 4, 5, 6, 7, 8]) {
      for (const address of [SIMPLE, MEDIUM, COMPLEX]) {
        const s = run.scenario(address).getSnapshot().context
        if (s.open.length > 0) run.settle(address)
      }
      const released = run.state().released[0]!
      for (const call of run.calls) {
        const size = run.scenario(call.scenario).getSnapshot().context.spec.size
        // 25 % above what is released, and not further.
        expect((100 * call.from) / size).toBeLessThan(released + 25)
      }
    }
    run.settleAll()
    expect(run.status()).toBe('complete')
    expect(outcomes(run)).toEqual([25, 50, 75, 100].map((pct) => ({ pct, kind: 'all', missing: [] })))
  })

  test('barriers are of one repetition', () => {
    const run = startRun(runSpec({}, { barriers: [100], milestones: [0, 100], repetitions: 2 }))
    run.start()
    run.settleAll()
    expect(run.status()).toBe('complete')
    expect(run.releases.map(({ repetition, pct }) => [repetition, pct])).toEqual([
      [1, 100],
      [2, 100],
    ])
  })

  test('a restarted scenario is waited for again, and let through where the others have been', () => {
    const run = milestone()
    run.start()
    run.cancel(COMPLEX)
    run.settle(SIMPLE)
    run.settle(MEDIUM, 2)
    expect(outcomes(run)).toEqual([{ pct: 50, kind: 'all', missing: [] }])
    run.settle(SIMPLE)
    run.restart(COMPLEX)
    run.found(COMPLEX, [[0, 80]], 0)
    run.settle(MEDIUM, 2)
    expect(run.statuses()).toEqual(['paused', 'paused', 'running'])
    run.settle(COMPLEX, 8)
    expect(outcomes(run).at(-1)).toEqual({ pct: 100, kind: 'all', missing: [] })
    expect(run.status()).toBe('complete')
  })

  test('its release and its wait are facts, and every scenario that lives is told', () => {
    const run = milestone([50])
    run.start()
    run.settle(SIMPLE)
    run.settle(MEDIUM, 2)
    run.settle(COMPLEX, 4)
    expect(run.facts.filter(({ type }) => type.startsWith('barrier.'))).toEqual([
      { type: 'barrier.waiting', repetition: 1, pct: 50, at: 0 },
      { type: 'barrier.released', repetition: 1, pct: 50, outcome: { kind: 'all', missing: [] }, at: 0 },
    ])
  })
})

describe('commands', () => {
  test('a run is paused and goes on, with all its scenarios', () => {
    const run = startRun()
    run.start()
    run.pause()
    expect(run.status()).toBe('paused')
    expect(run.statuses()).toEqual(['paused', 'paused', 'paused'])
    run.pause()
    run.continue()
    run.continue()
    expect(run.statuses()).toEqual(['running', 'running', 'running'])
    expect(run.factTypes()).toEqual(['run.started', 'run.paused', 'run.continued'])
  })

  test('a pause before the start: the run begins paused, and nothing is called', () => {
    const run = startRun()
    run.pause()
    expect(run.factTypes()).toEqual([])
    run.start()
    expect(run.status()).toBe('paused')
    expect(run.factTypes()).toEqual(['run.started', 'run.paused'])
    expect(run.calls).toEqual([])
    run.continue()
    expect(run.statuses()).toEqual(['running', 'running', 'running'])
  })

  test('one scenario is paused alone, and a whole run that goes on takes it along', () => {
    const run = startRun()
    run.start()
    run.pause(MEDIUM)
    expect(run.status()).toBe('running')
    expect(run.statuses()).toEqual(['running', 'paused', 'running'])
    run.continue()
    expect(run.statuses()).toEqual(['running', 'running', 'running'])
  })

  test('a cancelled run fails, with a diagnostic of each scenario', () => {
    const run = startRun()
    run.start()
    run.settle(SIMPLE, 2)
    run.cancel()
    expect(run.status()).toBe('failed')
    expect(Object.values(run.state().claims).map(({ kind, reason }) => [kind, reason])).toEqual([
      ['result', null],
      ['diagnostic', 'cancelled'],
      ['diagnostic', 'cancelled'],
    ])
  })

  test('a restart of one touches no other, takes its claim back, and the run goes on', () => {
    const run = startRun()
    run.start()
    run.cancel(MEDIUM)
    run.settleAll()
    expect(run.state().finishedAt).not.toBeNull()
    const others = [SIMPLE, COMPLEX].map((address) => run.scenario(address).getSnapshot())
    run.restart(MEDIUM)
    expect(run.status()).toBe('running')
    expect(run.state().finishedAt).toBeNull()
    expect(Object.keys(run.state().claims).toSorted()).toEqual([COMPLEX, SIMPLE])
    expect([SIMPLE, COMPLEX].map((address) => run.scenario(address).getSnapshot())).toEqual(others)
    run.found(MEDIUM, [[0, 40]], 0)
    run.settleAll()
    expect(run.status()).toBe('complete')
    expect(run.state().claims[MEDIUM]).toMatchObject({ kind: 'result', items: 40 })
    expect(run.factTypes()).toEqual(['run.started', 'run.failed', 'run.restarted', 'run.continued', 'run.completed'])
  })

  test('what is restarted while the run is paused waits for the run', () => {
    const run = startRun()
    run.start()
    run.cancel(MEDIUM)
    run.pause()
    const before = run.calls.length
    run.restart(MEDIUM)
    expect(run.statuses()).toEqual(['paused', 'pending', 'paused'])
    expect(run.calls).toHaveLength(before)
    run.continue()
    expect(run.statuses()).toEqual(['running', 'running', 'running'])
  })

  test('the database is lost and back: a pause like another, but nothing to a run that has ended', () => {
    const run = startRun()
    run.start()
    run.send({ type: 'database.lost', at: 1 })
    expect(run.statuses()).toEqual(['paused', 'paused', 'paused'])
    run.send({ type: 'database.back', at: 2 })
    run.settleAll()
    const before = run.root.getSnapshot()
    run.send({ type: 'database.lost', at: 900 })
    run.send({ type: 'database.back', at: 901 })
    expect(run.root.getSnapshot().context).toEqual(before.context)
    expect(run.factTypes().filter((type) => type === 'run.completed')).toHaveLength(1)
  })
})

const claim = (scenario: string, reason: Claim['reason'] = null): Claim => ({
  kind: reason ? 'diagnostic' : 'result',
  variant: 'default',
  scenario,
  reason,
  size: 20,
  progressPct: 100,
  items: 20,
  itemsFailed: 0,
  batches: 2,
  quality: null,
  results: `default/${scenario}`,
})

describe('messages', () => {
  const names = ['simple', 'medium', 'complex']
  const ends = names.map((name, i): RunEvent => {
    const reason = i === 1 ? 'memory' : null
    return {
      type: 'scenario.changed',
      scenario: `default/${name}`,
      status: reason ? 'failed' : 'complete',
      reason,
      pausedBy: [],
      claim: claim(name, reason),
      at: 1,
    }
  })
  const reached = names.flatMap((name) =>
    [0, 50, 100].map((pct): RunEvent => ({ type: 'scenario.reached', scenario: `default/${name}`, repetition: 1, pct, at: 1 })),
  )
  const play = (events: readonly RunEvent[]) =>
    events.reduce(
      (state, event) => orchestratorStep(state, event).state,
      orchestratorStep(initialRunState(runSpec()), { type: 'run.start', at: 0 }).state,
    )

  test('the claims, the status and its reason are the same for every order of arrival', () => {
    const expected = play(ends)
    expect(runStatusOf(expected)).toBe('failed')
    fc.assert(
      fc.property(fc.shuffledSubarray([...ends, ...reached], { minLength: ends.length + reached.length }), (events) => {
        const state = play(events)
        expect(state.claims).toEqual(expected.claims)
        expect([runStatusOf(state), runReasonOf(state)]).toEqual(['failed', 'memory'])
      }),
    )
  })

  test('twice is once: no second claim, no second fact, no other state', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...ends, ...reached], { minLength: ends.length + reached.length }), (events) => {
        let state = orchestratorStep(initialRunState(runSpec()), { type: 'run.start', at: 0 }).state
        for (const event of events) {
          state = orchestratorStep(state, event).state
          const again = orchestratorStep(state, event)
          expect(again.state).toEqual(state)
          expect(again.facts).toEqual([])
        }
        expect(Object.keys(state.claims)).toHaveLength(3)
      }),
    )
  })

  test('an arrival twice opens one barrier, and one after the release is answered at once', () => {
    const spec = runSpec({}, { barriers: [50] })
    const started = orchestratorStep(initialRunState(spec), { type: 'run.start', at: 0 }).state
    const arrived: RunEvent = { type: 'scenario.arrived', scenario: SIMPLE, repetition: 1, pct: 50, at: 5 }
    const first = orchestratorStep(started, arrived)
    expect(first.newBarriers).toEqual([
      { run: 'run-1', repetition: 1, pct: 50, members: [SIMPLE, MEDIUM, COMPLEX], timeoutMs: 30_000, at: 5 },
    ])
    const second = orchestratorStep(first.state, arrived)
    expect([second.newBarriers, second.facts, second.state]).toEqual([[], [], first.state])
    const release: RunEvent = { type: 'barrier.released', repetition: 1, pct: 50, outcome: { kind: 'all', missing: [] }, at: 9 }
    const released = orchestratorStep(second.state, release)
    const again = orchestratorStep(released.state, release)
    expect([again.state, again.facts]).toEqual([released.state, []])
    expect(orchestratorStep(released.state, arrived).sends).toContainEqual({
      to: SIMPLE,
      event: { type: 'barrier.released', repetition: 1, pct: 50, at: 5 },
    })
    expect(orchestratorStep(released.state, arrived).newBarriers).toEqual([])
  })
})
