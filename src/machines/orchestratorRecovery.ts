import { breakerId, variantOf } from './orchestratorBreakers.ts'
import { setMember, type RunStep } from './runStep.ts'
import type { BreakerView } from './breakerFacts.ts'
import type { RunState } from './orchestratorState.ts'
import type { FailReason } from './scenarioState.ts'

/** What another try may mend. Who cancelled it, or capped its cost, meant it. */
const MENDABLE: readonly (FailReason | null)[] = ['errors', 'time-budget', 'memory', 'breaker']

/** All have failed, and nothing is said of the run's own end yet. */
export function isRecoverable({ spec, members, recoveries, startedAt, finishedAt }: RunState): boolean {
  const hasFailed = Object.values(members).every(({ status, reason }) => status === 'failed' && MENDABLE.includes(reason))
  return hasFailed && startedAt !== null && finishedAt === null && recoveries < spec.recoveryAttempts
}

/** When all have failed: a new round over what is not confirmed, with less load each time, as often as the plan allows. */
export function recoverRun(step: RunStep, at: number) {
  if (!isRecoverable(step.state)) return
  const { spec, members, recoveries } = step.state
  const attempt = recoveries + 1
  step.state = { ...step.state, recoveries: attempt }
  for (const breaker of Object.values(step.state.breakers)) revive(step, breaker, 'open')
  step.facts.push({ type: 'run.recovering', attempt, at })
  for (const { variant } of spec.breakers) step.sends.push({ to: breakerId(variant), event: { type: 'breaker.recover', at } })
  for (const to of Object.keys(members)) {
    step.sends.push({ to, event: { type: 'scenario.restart', fresh: false, halvings: attempt, at } })
    setMember(step, to, { status: 'pending', reason: null, pausedBy: [] })
  }
}

/** Breakers that have given up, in front of scenarios that are tried again: the first call is a probe. */
export function rearm(step: RunStep, scenarios: readonly string[], at: number) {
  for (const variant of new Set(scenarios.map(variantOf))) {
    const breaker = step.state.breakers[variant]
    if (!breaker?.exhausted) continue
    step.sends.push({ to: breakerId(variant), event: { type: 'breaker.rearm', at } })
    revive(step, breaker, 'halfOpen')
  }
}

/** What it is about to say itself: nobody is to fail because of it meanwhile. */
function revive(step: RunStep, breaker: BreakerView, status: BreakerView['status']) {
  if (!breaker.exhausted) return
  step.state = { ...step.state, breakers: { ...step.state.breakers, [breaker.variant]: { ...breaker, status, exhausted: false } } }
}
