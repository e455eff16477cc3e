import { existsSync, writeFileSync } from 'node:fs'
import { storedBarrier, storedBreaker, storedOrchestrator, storedScenario } from '../../src/host/stored.ts'
import type { BarrierState } from '../../src/machines/barrier.ts'
import { BREAKER_VERSION } from '../../src/machines/breaker.ts'
import { step } from '../../src/machines/breakerRules.ts'
import { initialBreaker, type Breaker, type BreakerRulesEvent, type BreakerSpec } from '../../src/machines/breakerState.ts'
import type { StoredSnapshot } from '../../src/persistence/facts.ts'
import { fails, failsAlike, PROBE, succeeds } from '../machines/breakerSequences.ts'
import { breakerSpec } from '../machines/breakerSpec.ts'
import { COMPLEX, MEDIUM, runSpec, SIMPLE, startRun } from '../machines/runHarness.ts'

/** A state of an actor as the store has it, and as it stays for ever. */
export interface Golden {
  actor: string
  machine: string
  version: number
  snapshot: StoredSnapshot
}

export const goldenSpec = () => runSpec({ run: 'golden' }, { run: 'golden', barriers: [50, 100], milestones: [0, 50, 100], errorTolerance: 0.5, timeBudgetMs: 60_000 })

/** The instant at which the golden run was stored, epoch ms. */
export const GOLDEN_AT = 1_000_012_545

/**
 * A run in the middle of its life: one scenario has failed, one is behind, one waits at the barrier of 50 %, with 17 655 ms left there.
 * What its actors would store now.
 */
export function goldenSnapshots(): Golden[] {
  const run = startRun(goldenSpec(), { parallel: 2 })
  run.clock.set(1_000_000_000)
  run.start()
  run.clock.increment(100)
  run.settle(COMPLEX, 1, { activeMs: 90, quality: { accuracy: 0.75 }, memoryPeakMb: 61.5, retries: 1, errors: { transient: 1 } })
  run.cancel(COMPLEX)
  run.clock.increment(100)
  run.settle(SIMPLE, 1, { activeMs: 180, failed: true, errors: { critical: 1 } })
  run.settle(MEDIUM, 1, { activeMs: 70, quality: { accuracy: 1 } })
  run.clock.set(GOLDEN_AT)
  const { value, context, children } = run.root.getSnapshot()
  const barrier = (children['barrier:1:50'] as unknown as { getSnapshot(): { value: string; context: BarrierState } }).getSnapshot()
  const scenario = (address: string): Golden => {
    const s = run.scenario(address).getSnapshot()
    return { actor: address, machine: 'scenario', version: 1, snapshot: storedScenario(s.value, s.context) }
  }
  return [
    { actor: 'orchestrator', machine: 'orchestrator', version: 1, snapshot: storedOrchestrator(value, context) },
    scenario(SIMPLE),
    scenario(MEDIUM),
    scenario(COMPLEX),
    // As version 0.1.0 called it; what is stored of it is the same.
    { actor: 'barrier/1/50', machine: 'barrier', version: 1, snapshot: storedBarrier(barrier.value, barrier.context) },
  ]
}

export const goldenBreakerSpecs = (): BreakerSpec[] => [
  breakerSpec({ threshold: 1 }, { run: 'golden' }),
  breakerSpec({ windowCount: 5, minimumCalls: 10 }, { run: 'golden', variant: 'windowed' }),
  breakerSpec({ threshold: 2 }, { run: 'golden', variant: 'typo' }),
]

/** One is open for the second time, after a probe that failed; one is closed, and has counted a few failures; in front of one is a skill that never worked. */
export function goldenBreakers(): Golden[] {
  const [opened, windowed, typo] = goldenBreakerSpecs().map(initialBreaker) as [Breaker, Breaker, Breaker]
  const after = (breaker: Breaker, events: [at: number, event: BreakerRulesEvent][]) =>
    events.reduce((b, [at, event]) => step(b, event, GOLDEN_AT + at), breaker)
  const states = [
    after(opened, [
      [0, fails('critical')],
      [30_000, PROBE],
      [30_700, fails('transient', 2, 1)],
    ]),
    after(windowed, [
      [0, succeeds()],
      [10, fails('critical')],
      [20, fails('transient')],
    ]),
    after(typo, [
      [0, failsAlike()],
      [10, failsAlike()],
    ]),
  ]
  return states.map((b) => ({ actor: `breaker/${b.spec.variant}`, machine: 'breaker', version: BREAKER_VERSION, snapshot: storedBreaker(b) }))
}

// Once for each version of a machine: what is here already is not touched.
if (import.meta.main) {
  for (const [machine, states] of Map.groupBy([...goldenSnapshots(), ...goldenBreakers()], (golden) => golden.machine)) {
    const file = new URL(`./${machine}.v${states[0]!.version}.json`, import.meta.url)
    if (existsSync(file)) continue
    writeFileSync(file, `${JSON.stringify(states, null, 2)}\n`, { flag: 'wx' })
  }
}
