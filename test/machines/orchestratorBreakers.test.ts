import { describe, expect, test } from 'vitest'
import type { ErrorClass } from '../../src/plan.ts'
import type { RunSpec } from '../../src/machines/orchestratorState.ts'
import { touchy } from './breakerSequences.ts'
import { COMPLEX, MEDIUM, runSpec, SIMPLE, startRun, type Run } from './runHarness.ts'
import { scenarioSpec } from './scenarioHarness.ts'

const guarded = (changes: Partial<RunSpec> = {}, options: Parameters<typeof touchy>[0] = {}) =>
  runSpec({ breakers: [touchy({ maxRecoveryAttempts: 2, ...options })], ...changes })

/** What a call of a variant comes to, as its gate hears of it: nobody probes but who may. */
function calls(run: Run, variant = 'default') {
  const gate = run.gates.get(variant)!
  return {
    fails: (errorClass: ErrorClass = 'critical') => gate.failed(gate.enter(true), errorClass),
    succeeds: () => gate.succeeded(gate.enter(true), 1),
  }
}

const pausedBy = (run: Run) => Object.values(run.state().members).map((member) => member.pausedBy.join('+'))
const RUNNING = ['', '', '']
const HELD = ['breaker', 'breaker', 'breaker']

describe('behind an open breaker', () => {
  test('all scenarios wait, begin nothing, and go on when it is closed', () => {
    const run = startRun(guarded())
    run.start()
    calls(run).fails()
    expect(pausedBy(run)).toEqual(HELD)
    expect(run.statuses()).toEqual(['paused', 'paused', 'paused'])
    expect(run.status()).toBe('running')
    run.settleAll()
    expect(run.calls).toHaveLength(3)
    run.clock.set(1_000)
    calls(run).succeeds()
    expect(pausedBy(run)).toEqual(RUNNING)
    run.settleAll()
    expect(run.status()).toBe('complete')
    expect(run.facts.some(({ type }) => type === 'run.paused')).toBe(false)
  })

  test('their time there is charged to it, and to nothing else', () => {
    const run = startRun(guarded())
    run.start()
    run.clock.set(100)
    calls(run).fails()
    run.clock.set(1_100)
    // The first one is at work again, so that it can be probed.
    run.clock.set(1_150)
    calls(run).succeeds()
    run.clock.set(1_400)
    run.pause()
    const spent = (address: string) => run.scenario(address).getSnapshot().context.spent
    const nothing = { user: 0, database: 0, barrier: 0, interrupted: 0 }
    expect(spent(SIMPLE)).toEqual({ ...nothing, running: 100 + 300, breaker: 1_000 })
    expect(spent(MEDIUM)).toEqual({ ...nothing, running: 100 + 250, breaker: 1_050 })
  })

  test('those that have not begun wait as well, in their order', () => {
    const run = startRun(guarded({ order: 'serial' }))
    run.start()
    calls(run).fails()
    expect(run.statuses()).toEqual(['paused', 'pending', 'pending'])
    expect(pausedBy(run)).toEqual(HELD)
    run.clock.set(1_000)
    expect(run.statuses()).toEqual(['running', 'pending', 'pending'])
    run.settle(SIMPLE, 2)
    // It ended without saying anything to the breaker: the next one may probe.
    expect(run.statuses()).toEqual(['complete', 'running', 'pending'])
    calls(run).succeeds()
    run.settleAll()
    expect(run.statuses()).toEqual(['complete', 'complete', 'complete'])
  })

  test('of two variants neither touches the other', () => {
    const run = startRun(twoVariants())
    run.start()
    calls(run, 'slow').fails()
    expect(pausedBy(run)).toEqual(['', '', 'breaker', 'breaker'])
    calls(run, 'fast').fails()
    expect(pausedBy(run)).toEqual(HELD.concat('breaker'))
    run.clock.set(1_000)
    expect(pausedBy(run)).toEqual(['', 'breaker', '', 'breaker'])
    calls(run, 'slow').succeeds()
    expect(pausedBy(run)).toEqual(['', 'breaker', '', ''])
  })
})

const twoVariants = (changes: Partial<RunSpec> = {}) =>
  runSpec({
    scenarios: ['fast', 'slow'].flatMap((variant) =>
      ['simple', 'medium'].map((name) => scenarioSpec({ variant, name, size: 20, errorTolerance: 1 })),
    ),
    breakers: ['fast', 'slow'].map((variant) => touchy({ maxRecoveryAttempts: 1 }, { variant })),
    ...changes,
  })

describe('half-open', () => {
  /** The first scenario is at work, so that it can be probed. */
  function halfOpen(changes: Partial<RunSpec> = {}, options: Parameters<typeof touchy>[0] = {}) {
    const run = startRun(guarded(changes, options))
    run.start()
    calls(run).fails()
    run.settleAll()
    run.clock.set(1_000)
    return run
  }

  test('as many scenarios go on as there are probes, in the order of the plan', () => {
    expect(pausedBy(halfOpen())).toEqual(['', 'breaker', 'breaker'])
    expect(pausedBy(halfOpen({}, { probes: 2 }))).toEqual(['', '', 'breaker'])
    expect(pausedBy(halfOpen({}, { probes: 9 }))).toEqual(RUNNING)
  })

  test('the next one takes over when the first is paused, and gives way when it goes on', () => {
    const run = halfOpen()
    run.pause(SIMPLE)
    expect(pausedBy(run)).toEqual(['user+breaker', '', 'breaker'])
    run.pause(MEDIUM)
    expect(pausedBy(run)).toEqual(['user+breaker', 'user+breaker', ''])
    run.continue(SIMPLE)
    expect(pausedBy(run)).toEqual(['', 'user+breaker', 'breaker'])
  })

  test('when it is cancelled', () => {
    const run = halfOpen()
    run.cancel(SIMPLE)
    expect(run.statuses()).toEqual(['failed', 'running', 'paused'])
  })

  test('when it ends', () => {
    const run = halfOpen()
    run.settleAll()
    expect(run.statuses()).toEqual(['complete', 'complete', 'complete'])
    expect(run.status()).toBe('complete')
  })

  test('when it waits at a barrier', () => {
    const spec = guarded()
    const scenarios = spec.scenarios.map((s) => ({ ...s, barriers: [50, 100], milestones: [0, 50, 100] }))
    const run = startRun({ ...spec, scenarios })
    run.start()
    calls(run).fails()
    // What was in flight is half of it: it waits at the barrier.
    run.settle(SIMPLE)
    expect(pausedBy(run)).toEqual(['breaker+barrier', 'breaker', 'breaker'])
    run.clock.set(1_000)
    expect(pausedBy(run)).toEqual(['breaker+barrier', '', 'breaker'])
    calls(run).succeeds()
    expect(pausedBy(run)).toEqual(['barrier', '', ''])
    run.settleAll()
    expect(run.status()).toBe('complete')
  })

  test('a failed probe lets all wait again, for twice as long', () => {
    const run = halfOpen()
    calls(run).fails('transient')
    expect(pausedBy(run)).toEqual(HELD)
    run.clock.set(2_999)
    expect(pausedBy(run)).toEqual(HELD)
    run.clock.set(3_000)
    expect(pausedBy(run)).toEqual(['', 'breaker', 'breaker'])
  })

  test('one that may not begin yet does not take the place of one that has', () => {
    const run = startRun(guarded({ order: 'serial' }))
    run.start()
    run.cancel(SIMPLE)
    run.restart(SIMPLE)
    expect(run.statuses()).toEqual(['pending', 'running', 'pending'])
    calls(run).fails()
    run.clock.set(1_000)
    expect(run.statuses()).toEqual(['pending', 'running', 'pending'])
    calls(run).succeeds()
    run.settle(MEDIUM, 4)
    expect(run.statusOf(SIMPLE)).toBe('running')
  })

  test('nobody probes while the whole run is paused', () => {
    const run = startRun(guarded())
    run.start()
    calls(run).fails()
    run.pause()
    run.clock.set(1_000)
    expect(pausedBy(run)).toEqual(['user+breaker', 'user+breaker', 'user+breaker'])
    run.continue()
    expect(pausedBy(run)).toEqual(['', 'breaker', 'breaker'])
  })
})

describe('given up', () => {
  test('those behind it fail with `breaker`, those of the other variant do not', () => {
    const run = startRun(twoVariants())
    run.start()
    calls(run, 'fast').fails()
    run.clock.set(1_000)
    calls(run, 'fast').fails()
    expect(run.statuses()).toEqual(['failed', 'failed', 'running', 'running'])
    expect(Object.values(run.state().members).map(({ reason }) => reason)).toEqual(['breaker', 'breaker', null, null])
    expect(run.state().claims['fast/simple']).toMatchObject({ kind: 'diagnostic', reason: 'breaker' })
    run.settleAll()
    expect(run.statuses()).toEqual(['failed', 'failed', 'complete', 'complete'])
    expect(run.facts.at(-1)).toMatchObject({ type: 'run.failed', reason: 'breaker' })
  })

  test('those that have not begun fail as well', () => {
    const run = startRun(guarded({ order: 'serial' }, { maxRecoveryAttempts: 1 }))
    run.start()
    calls(run).fails()
    run.clock.set(1_000)
    calls(run).fails()
    expect(run.statuses()).toEqual(['failed', 'failed', 'failed'])
  })

  test('who restarts one of them is heard: its first call is a probe', () => {
    const run = startRun(guarded({}, { maxRecoveryAttempts: 1 }))
    run.start()
    calls(run).fails()
    run.clock.set(1_000)
    calls(run).fails()
    expect(run.status()).toBe('failed')
    run.clock.set(9_000)
    run.restart(MEDIUM)
    run.found(MEDIUM, [[0, 40]], 0)
    expect(run.statuses()).toEqual(['failed', 'running', 'failed'])
    expect(run.state().breakers.default).toMatchObject({ status: 'halfOpen', exhausted: false })
    calls(run).succeeds()
    run.settleAll()
    expect(run.statuses()).toEqual(['failed', 'complete', 'failed'])
  })

  test('a restart rearms nobody else', () => {
    const run = startRun(twoVariants())
    run.start()
    for (const variant of ['fast', 'slow']) calls(run, variant).fails()
    run.clock.set(1_000)
    for (const variant of ['fast', 'slow']) calls(run, variant).fails()
    run.restart('slow/medium')
    expect(run.state().breakers).toMatchObject({ fast: { exhausted: true }, slow: { status: 'halfOpen', exhausted: false } })
    expect(run.statuses()).toEqual(['failed', 'failed', 'failed', 'running'])
  })
})

describe('commands', () => {
  const command = (run: Run, type: 'breaker.open' | 'breaker.disable' | 'breaker.reset', variant?: string) =>
    run.send({ type, at: run.clock.now(), ...(variant !== undefined && { variant }) })

  test('force one open, for as long as nobody says otherwise', () => {
    const run = startRun(twoVariants())
    run.start()
    command(run, 'breaker.open', 'slow')
    run.clock.set(1_000_000)
    expect(pausedBy(run)).toEqual(['', '', 'breaker', 'breaker'])
    command(run, 'breaker.reset', 'slow')
    expect(pausedBy(run)).toEqual(['', '', '', ''])
  })

  test('disable one: nothing that fails opens it', () => {
    const run = startRun(guarded())
    run.start()
    calls(run).fails()
    command(run, 'breaker.disable')
    expect(pausedBy(run)).toEqual(RUNNING)
    for (let i = 0; i < 10; i++) calls(run).fails()
    expect(pausedBy(run)).toEqual(RUNNING)
  })

  test('without a variant are for all', () => {
    const run = startRun(twoVariants())
    run.start()
    command(run, 'breaker.open')
    expect(pausedBy(run)).toEqual([...HELD, 'breaker'])
    command(run, 'breaker.disable')
    expect(pausedBy(run)).toEqual(['', '', '', ''])
    command(run, 'breaker.reset')
    calls(run, 'fast').fails()
    expect(pausedBy(run)).toEqual(['breaker', 'breaker', '', ''])
  })

  test('before the start: the run begins, and waits', () => {
    const run = startRun(guarded())
    command(run, 'breaker.open')
    run.start()
    expect(pausedBy(run)).toEqual(HELD)
    expect(run.calls).toEqual([])
    command(run, 'breaker.reset')
    run.settleAll()
    expect(run.statuses()).toEqual(['complete', 'complete', 'complete'])
    const facts = run.scenarioFacts.filter(({ scenario, type }) => scenario === COMPLEX && type.startsWith('scenario.'))
    expect(facts.map(({ type }) => type)).toEqual(['scenario.started', 'scenario.paused', 'scenario.continued', 'scenario.completed'])
  })
})
