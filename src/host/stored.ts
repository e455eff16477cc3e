import { isDeepStrictEqual } from 'node:util'
import type { StoredSnapshot } from '../persistence/facts.ts'
import { SnapshotVersionError } from '../errors.ts'
import { BARRIER_VERSION, type BarrierState } from '../machines/barrier.ts'
import { BREAKER_VERSION } from '../machines/breaker.ts'
import { initialBreaker, type Breaker } from '../machines/breakerState.ts'
import { ORCHESTRATOR_VERSION } from '../machines/orchestrator.ts'
import { initialRunState, type RunState } from '../machines/orchestratorState.ts'
import { SCENARIO_VERSION } from '../machines/scenario.ts'
import { initialState, type ScenarioState } from '../machines/scenarioState.ts'

/** Takes a stored state from the version before to the next. */
export type Upcast = (stored: StoredSnapshot) => StoredSnapshot

/** Of each machine: its version, and the way there from every released version (`upcasts[0]` leads from 1 to 2). */
const MACHINES: Record<string, { version: number; upcasts: readonly Upcast[] }> = {
  orchestrator: { version: ORCHESTRATOR_VERSION, upcasts: [] },
  scenario: { version: SCENARIO_VERSION, upcasts: [] },
  barrier: { version: BARRIER_VERSION, upcasts: [] },
  // Version 1 did not tell whether a call had succeeded: nothing is concluded from its errors.
  breaker: { version: BREAKER_VERSION, upcasts: [({ value, context }) => ({ value, context: { ...context, proven: true } })] },
}

/** @throws {SnapshotVersionError} if a newer program stored it. */
export function upcast(machine: string, version: number, stored: StoredSnapshot, machines = MACHINES): StoredSnapshot {
  const known = machines[machine]
  if (!known || version > known.version) throw new SnapshotVersionError(machine, version, known?.version ?? 0)
  return known.upcasts.slice(version - 1).reduce((snapshot, step) => step(snapshot), stored)
}

/** What is stored of an actor: its state, without what follows from the plan, what lives only in the process, and what is as it was at first. */
export function storedScenario(
  value: string,
  { spec, lanes: _lanes, fetching: _fetching, ending: _ending, ...context }: ScenarioState,
): StoredSnapshot {
  return { value, context: changed(context, initialState(spec)) }
}

export function storedOrchestrator(
  value: string,
  { spec, barriers: _barriers, released: _released, breakers: _breakers, ...context }: RunState,
): StoredSnapshot {
  return { value, context: changed(context, initialRunState(spec)) }
}

export const storedBarrier = (value: string, context: BarrierState): StoredSnapshot => ({ value, context: { ...context } })

/** Its permits are of calls of this process. */
export function storedBreaker({ spec, permits: _permits, ...context }: Breaker): StoredSnapshot {
  return { value: context.status, context: changed(context, initialBreaker(spec)) }
}

/** A restore begins with the initial state, so only what differs from it is worth its bytes. */
function changed(context: object, initial: object): Record<string, unknown> {
  const before = initial as Record<string, unknown>
  return Object.fromEntries(Object.entries(context).filter(([key, value]) => !isDeepStrictEqual(value, before[key])))
}
