import { describe, expect, test } from 'vitest'
import { runReasonOf } from '../../src/machines/orchestratorStep.ts'
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

  test('fails when one has failed and the others have ended, with the reason of the first of the plan that was not cancelled', () => {
    const run = startRun()
    run.start()
    run.settle(COMPLEX, 1, { failed: true })
    expect(run.status()).toBe('running')
    run.cancel(MEDIUM)
    run.settleAll()
    expect(run.statuses()).toEqual(['complete', 'failed', 'failed'])
    expect(run.status()).toBe('failed')
    expect(runReasonOf(run.state())).toBe('errors')
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
