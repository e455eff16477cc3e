import type { BreakerSpec } from '../machines/breakerState.ts'
import type { RunSpec } from '../machines/orchestratorState.ts'
import type { ScenarioSpec } from '../machines/scenarioState.ts'
import { DEFAULT_BREAKER, type Plan, type ScenarioPlan } from '../plan.ts'

/** What the machines need of a plan. */
export function runSpecOf(plan: Plan, run: string): RunSpec {
  const barriers = barriersOf(plan)
  const milestones = [...new Set([...plan.milestones, ...barriers])].sort((a, b) => a - b)
  const scenarios = Object.keys(plan.variants).flatMap((variant) =>
    plan.scenarios.map(
      (scenario): ScenarioSpec => ({
        run,
        variant,
        name: scenario.name,
        size: scenario.size,
        batchSize: scenario.batchSize,
        milestones,
        barriers,
        repetitions: plan.repetitions,
        warmupBatches: warmupBatchesOf(plan, scenario),
        errorTolerance: scenario.errorTolerance,
        timeBudgetMs: scenario.timeBudgetMs,
      }),
    ),
  )
  return {
    run,
    scenarios,
    order: plan.order,
    barrierTimeoutMs: plan.sync.timeoutMs,
    breakers: breakersOf(plan, run),
    recoveryAttempts: plan.recovery.attempts,
  }
}

/** Beyond its time-out and its grace, a call is only on its way back, ms. */
const LEASE_MARGIN_MS = 1_000

/** One for each variant. Where the plan asks for none it is disabled: a command may still open it. */
export function breakersOf(plan: Plan, run: string): BreakerSpec[] {
  const leaseMs = Math.max(...plan.scenarios.map(({ batchTimeoutMs }) => batchTimeoutMs)) + plan.graceMs + LEASE_MARGIN_MS
  return Object.keys(plan.variants).map((variant) => ({
    run,
    variant,
    options: plan.breaker ?? DEFAULT_BREAKER,
    disabled: plan.breaker === null,
    leaseMs,
  }))
}

function barriersOf({ sync }: Plan): number[] {
  if (sync.mode === 'free') return []
  if (sync.mode === 'milestone') return sync.at
  return Array.from({ length: Math.ceil(100 / sync.stepPct) }, (_, i) => Math.min(100, (i + 1) * sync.stepPct))
}

/** There is none where a scenario has one batch. */
export const warmupBatchesOf = (plan: Plan, { size, batchSize }: ScenarioPlan) => (size <= batchSize ? 0 : plan.warmupBatches)
