import type { Breaker } from '../machines/breakerState.ts'
import type { RunState } from '../machines/orchestratorState.ts'
import { runStatusOf } from '../machines/orchestratorStep.ts'
import type { ScenarioState } from '../machines/scenarioState.ts'
import { statusOf } from '../machines/scenarioStep.ts'
import type { RunRow, Store } from '../persistence/store.ts'
import type { Plan } from '../plan.ts'
import { restore } from './restore.ts'
import { silentSince } from './signOfLife.ts'
import { runSpecOf } from './specs.ts'
import { storedPlan } from './storedPlan.ts'

/** A run as the store has it: the states of its actors, rebuilt as a restore would. */
export interface RunView {
  row: RunRow
  plan: Plan
  held: boolean
  /** Since when the process that has it has given no sign of life, epoch ms; `null` where it has lately, or none has it. */
  silentSince: number | null
  sequence: number
  run: RunState
  scenarios: Record<string, ScenarioState>
  /** By variant. */
  breakers: Record<string, Breaker>
}

export async function viewOf(store: Store, row: RunRow, now: number, at?: number): Promise<RunView> {
  const plan = storedPlan(row)
  const [holder, last] = await Promise.all([store.holder(row.id), store.lastSequence(row.id)])
  const held = holder !== null
  const seenAt = held ? now : (row.owner?.seenAt ?? now)
  const { run, scenarios, breakers } = await restore({
    store,
    spec: runSpecOf(plan, row.id),
    seenAt,
    now,
    at: at ?? (row.epoch === 0 ? last : undefined),
  })
  for (const [address, state] of Object.entries(scenarios)) {
    const { reason, pausedBy } = state
    run.members[address] = { ...run.members[address]!, status: statusOf(state), reason, pausedBy }
  }
  return {
    row: at === undefined ? row : { ...row, status: runStatusOf(run) },
    ...{ plan, held, silentSince: holder && silentSince(holder) },
    ...{ sequence: at ?? last, run, scenarios, breakers },
  }
}
