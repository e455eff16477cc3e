import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Claim } from '../../src/machines/claim.ts'
import { initialRunState, type RunEvent } from '../../src/machines/orchestratorState.ts'
import { orchestratorStep, runReasonOf, runStatusOf } from '../../src/machines/orchestratorStep.ts'
import { COMPLEX, MEDIUM, runSpec, SIMPLE, startRun } from './runHarness.ts'

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
    run.clock.increment(60_000)
    run.restart(MEDIUM)
    expect(run.status()).toBe('running')
    expect(run.state().finishedAt).toBeNull()
    expect(run.state().idleMs, 'nobody worked on it for a minute (first hour 12)').toBe(60_000)
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
