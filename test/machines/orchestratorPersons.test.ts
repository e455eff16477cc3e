import { describe, expect, test } from 'vitest'
import type { FailedWay } from '../../src/errors.ts'
import { judge } from '../../src/host/judge.ts'
import type { RunSpec } from '../../src/machines/orchestratorState.ts'
import { touchy } from './breakerSequences.ts'
import { MEDIUM, runSpec, SIMPLE, startRun, type Run } from './runHarness.ts'
import { scenarioSpec } from './scenarioHarness.ts'

const BUG: FailedWay = { name: 'TypeError', message: 'x is not a function', frames: ['skill.mjs:3:11'] }

const behind = (...variants: string[]): RunSpec =>
  runSpec({
    scenarios: variants.flatMap((variant) =>
      ['simple', 'medium'].map((name) => scenarioSpec({ variant, name, size: 20, errorTolerance: 1 })),
    ),
    breakers: variants.map((variant) => touchy({ cooldownMs: 60_000, maxRecoveryAttempts: 2 }, { variant })),
    recoveryAttempts: 1,
  })

function started(...variants: string[]) {
  const run = startRun(behind(...variants))
  run.start()
  return run
}

const works = (run: Run, variant = 'default') => gate(run, variant).succeeded(gate(run, variant).enter(true), 1)
const fails = (run: Run, variant = 'default', error?: FailedWay) =>
  gate(run, variant).failed(gate(run, variant).enter(true), 'recoverable', error)
const gate = (run: Run, variant: string) => run.gates.get(variant)!
const statusOf = (run: Run, variant = 'default') => run.state().breakers[variant]!.status

describe('a person does not wait for a cooldown (rule 8)', () => {
  test.each<[string, (run: Run) => void]>([
    ['continue', (run) => run.continue()],
    ['continue, of one scenario', (run) => run.continue(MEDIUM)],
    ['resume', (run) => run.send({ type: 'run.resume', byPerson: true, at: run.clock.now() })],
    [
      'restart of a scenario that has ended',
      (run) => {
        run.cancel(SIMPLE)
        run.restart(SIMPLE)
      },
    ],
  ])('%s', (_command, tell) => {
    const run = started('default')
    fails(run)
    expect(statusOf(run)).toBe('open')
    tell(run)
    expect(statusOf(run)).toBe('halfOpen')
  })

  test('a program that goes on by itself does', () => {
    const run = started('default')
    fails(run)
    run.send({ type: 'run.resume', at: run.clock.now() })
    expect(statusOf(run)).toBe('open')
    run.clock.set(60_000)
    expect(statusOf(run)).toBe('halfOpen')
  })

  test('what one asks for a scenario hurries the breaker of its variant alone, and none that is held by command', () => {
    const run = started('fast', 'slow')
    fails(run, 'fast')
    fails(run, 'slow')
    run.continue('slow/medium')
    expect([statusOf(run, 'fast'), statusOf(run, 'slow')]).toEqual(['open', 'halfOpen'])
    run.send({ type: 'breaker.open', variant: 'fast', at: 0 })
    run.continue()
    expect(statusOf(run, 'fast')).toBe('forcedOpen')
  })

  test('to continue a scenario that waits for a breaker is not in vain', () => {
    const run = started('default')
    expect(judge(run.state(), { type: 'run.continue', scenario: SIMPLE, at: 0 })).toBe('already')
    fails(run)
    expect(judge(run.state(), { type: 'run.continue', scenario: SIMPLE, at: 0 })).toBe('apply')
  })
})

describe('a skill that never worked (rule 9)', () => {
  const recoveries = (run: Run) => run.facts.filter(({ type }) => type === 'run.recovering')

  test('ends its run after one probe, without a recovery (first hour 1)', () => {
    const run = started('default')
    fails(run, 'default', BUG)
    run.clock.set(1_000)
    expect(statusOf(run)).toBe('halfOpen')
    fails(run, 'default', BUG)
    expect(run.status()).toBe('failed')
    expect(run.facts.at(-1)).toMatchObject({ type: 'run.failed', reason: 'breaker', at: 1_000 })
    expect(recoveries(run)).toEqual([])
  })

  test('nor is one tried again whose scenarios failed by their errors before the breaker opened', () => {
    const run = startRun(
      runSpec({ scenarios: [scenarioSpec({ name: 'simple', size: 20 })], breakers: [touchy({ threshold: 3 })], recoveryAttempts: 1 }),
    )
    run.start()
    fails(run, 'default', BUG)
    run.settle(SIMPLE, 1, { failed: true })
    expect([run.status(), recoveries(run)]).toEqual(['failed', []])
  })

  test('of two variants only the one that has worked is tried again', () => {
    const run = started('fast', 'slow')
    fails(run, 'fast', BUG)
    works(run, 'slow')
    run.clock.set(1_000)
    fails(run, 'fast', BUG)
    fails(run, 'slow', BUG)
    run.clock.set(61_000)
    fails(run, 'slow', BUG)
    run.clock.set(200_000)
    fails(run, 'slow', BUG)
    expect(recoveries(run)).toMatchObject([{ attempt: 1, variants: ['slow'] }])
    expect(run.statuses().slice(0, 2)).toEqual(['failed', 'failed'])
    expect(run.facts.some(({ type }) => type === 'run.failed')).toBe(false)
    expect(run.scenarioFacts.filter(({ type }) => type === 'scenario.restarted').map(({ scenario }) => scenario)).toEqual([
      'slow/simple',
      'slow/medium',
    ])
  })
})
