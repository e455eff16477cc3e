import type { BarrierEvent, BarrierInput } from './barrier.ts'
import type { BreakerEvent } from './breaker.ts'
import type { Member, RunFact, RunState } from './orchestratorState.ts'
import type { ScenarioEvent } from './scenarioMessages.ts'
import { isFinal } from './scenarioStep.ts'

/** What one event leads to: the state after it, and what the machine is to do about it. */
export interface RunStep {
  state: RunState
  facts: RunFact[]
  /** To children, by id, in order. */
  sends: { to: string; event: ScenarioEvent | BarrierEvent | BreakerEvent }[]
  newBarriers: BarrierInput[]
  endedBarriers: string[]
}

export const setMember = (step: RunStep, address: string, change: Partial<Member>) => {
  const { state } = step
  step.state = { ...state, members: { ...state.members, [address]: { ...state.members[address]!, ...change } } }
}

export const live = (s: RunState) => Object.keys(s.members).filter((address) => !isFinal(s.members[address]!.status))
