import { breakerId, variantOf } from './orchestratorBreakers.ts'
import { setMember, type RunStep } from './runStep.ts'
import type { BreakerView } from './breakerFacts.ts'
import type { RunState } from './orchestratorState.ts'
import type { FailReason } from './scenarioState.ts'

/** What another try may mend. What was capped or cancelled would be spent again. */
const MENDABLE: readonly (FailReason | null)[] = ['errors', 'memory', 'breaker']

/** All have failed, and nothing is said of the run's own end yet. */
export function isRecoverable(state: RunState): boolean {
  const { spec, members, recoveries, startedAt, finishedAt } = state
  const hasFailed = Object.values(members).every(({ status, reason }) => status === 'failed' && MENDABLE.includes(reason))
  return hasFailed && startedAt !== null && finishedAt === null && recoveries < spec.recoveryAttempts && recoverable(state).length > 0
}

/** The variants whose skills have worked, or failed in several ways: what never worked would only fail again. */
const recoverable = ({ members, breakers }: RunState) =>
  [...new Set(Object.keys(members).map(variantOf))].filter((variant) => !breakers[variant]?.neverWorked)

/** When all have failed: a new round over what is not confirmed, with less load each time, as often as the plan allows. */
export function recoverRun(step: RunStep, at: number) {
  if (!isRecoverable(step.state)) return
  const { members, breakers, recoveries } = step.state
  const attempt = recoveries + 1
  const variants = recoverable(step.state)
  step.state = { ...step.state, recoveries: attempt }
  step.facts.push({ type: 'run.recovering', attempt, variants, at })
  for (const breaker of Object.values(breakers).filter(({ variant }) => variants.includes(variant))) {
    revive(step, breaker, 'open')
    step.sends.push({ to: breakerId(breaker.variant), event: { type: 'breaker.recover', at } })
  }
  for (const to of Object.keys(members).filter((address) => variants.includes(variantOf(address)))) {
    step.sends.push({ to, event: { type: 'scenario.restart', fresh: false, halvings: attempt, at } })
    setMember(step, to, { status: 'pending', reason: null, pausedBy: [] })
  }
}

/** Open breakers in front of scenarios that a person tries again: the first call is a probe, at once. */
export function rearm(step: RunStep, scenarios: readonly string[], at: number) {
  for (const breaker of breakersOf(step, scenarios)) {
    step.sends.push({ to: breakerId(breaker.variant), event: { type: 'breaker.rearm', at } })
    revive(step, breaker, 'halfOpen')
  }
}

/** The same where a person only goes on: what has given up has nobody left to go on with. */
export function hurry(step: RunStep, scenarios: readonly string[], at: number) {
  for (const { variant, exhausted } of breakersOf(step, scenarios)) {
    if (!exhausted) step.sends.push({ to: breakerId(variant), event: { type: 'breaker.rearm', at } })
  }
}

const breakersOf = ({ state }: RunStep, scenarios: readonly string[]) =>
  [...new Set(scenarios.map(variantOf))].flatMap((variant) => state.breakers[variant] ?? [])

/** What it is about to say itself: nobody is to fail because of it meanwhile. */
function revive(step: RunStep, breaker: BreakerView, status: BreakerView['status']) {
  if (!breaker.exhausted) return
  step.state = { ...step.state, breakers: { ...step.state.breakers, [breaker.variant]: { ...breaker, status, exhausted: false } } }
}
