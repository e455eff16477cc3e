import type { BarrierOutcome } from './barrier.ts'
import { viewOf, type BreakerView } from './breakerFacts.ts'
import { initialBreaker, type BreakerSpec } from './breakerState.ts'
import type { Claim } from './claim.ts'
import type { ScenarioMessage } from './scenarioMessages.ts'
import { addressOf } from './scenarioStep.ts'
import type { FailReason, PauseReason, ScenarioSpec, Status } from './scenarioState.ts'

/** Fixed for the whole run: derived from the plan, so never stored with the state. */
export interface RunSpec {
  run: string
  /** In the order of the plan. */
  scenarios: ScenarioSpec[]
  order: 'parallel' | 'serial'
  barrierTimeoutMs: number
  /** One for each variant. */
  breakers: BreakerSpec[]
  /** How often the run begins again by itself when all have failed. */
  recoveryAttempts: number
}

export interface Member {
  status: Status
  reason: FailReason | null
  pausedBy: PauseReason[]
  repetition: number
  /** The last milestone it reported, %. */
  pct: number
}

export interface RunState {
  spec: RunSpec
  /** By address, `variant/scenario`. */
  members: Record<string, Member>
  claims: Record<string, Claim>
  /** The highest barrier released in each repetition, %. */
  released: number[]
  /** The highest milestone that every member has reached, by repetition, %. */
  reached: number[]
  /** Where somebody waits. */
  barriers: { repetition: number; pct: number }[]
  /** By variant, as they said last. */
  breakers: Record<string, BreakerView>
  /** How often it has begun again by itself. */
  recoveries: number
  pausedBy: PauseReason[]
  startedAt: number | null
  finishedAt: number | null
  /** Time since the start in which no process owned the run or it had ended already, ms. */
  idleMs: number
}

/** What anybody may ask of a run, of one of its scenarios (by address), or of a variant's breaker. */
export type Command = { scenario?: string; variant?: string; at: number } & (
  | { type: 'run.pause' }
  | { type: 'run.continue' }
  | { type: 'run.cancel' }
  | { type: 'run.restart'; fresh: boolean }
  | { type: 'breaker.open' }
  | { type: 'breaker.disable' }
  | { type: 'breaker.reset' }
)

export type RunEvent =
  | { type: 'run.start'; at: number }
  /** After a restore: ask every scenario how far it is, and go on. `byPerson`: open breakers need not wait. */
  | { type: 'run.resume'; byPerson?: boolean; at: number }
  | Command
  | { type: 'database.lost'; at: number }
  | { type: 'database.back'; at: number }
  | ScenarioMessage
  | ({ type: 'breaker.changed'; at: number } & BreakerView)
  | { type: 'barrier.released'; repetition: number; pct: number; outcome: BarrierOutcome; at: number }

/** What a run lets the world know: each becomes a row of `events`. */
export type RunFact =
  | { type: 'run.started'; at: number }
  | { type: 'run.paused'; reasons: PauseReason[]; at: number }
  | { type: 'run.continued'; at: number }
  | { type: 'run.restarted'; scenario: string | null; at: number }
  /** `variants`: whose scenarios begin again. */
  | { type: 'run.recovering'; attempt: number; variants: string[]; at: number }
  | { type: 'run.completed'; at: number }
  | { type: 'run.failed'; reason: FailReason; at: number }
  | { type: 'barrier.waiting'; repetition: number; pct: number; at: number }
  | { type: 'barrier.released'; repetition: number; pct: number; outcome: BarrierOutcome; at: number }
  | { type: 'milestone.passed'; repetition: number; pct: number; statuses: Record<string, Status>; at: number }

export function initialRunState(spec: RunSpec): RunState {
  const repetitions = spec.scenarios[0]?.repetitions ?? 1
  return {
    spec,
    members: Object.fromEntries(
      spec.scenarios.map((s) => [addressOf(s), { status: 'pending' as const, reason: null, pausedBy: [], repetition: 1, pct: -1 }]),
    ),
    claims: {},
    barriers: [],
    released: Array.from({ length: repetitions }, () => 0),
    reached: Array.from({ length: repetitions }, () => -1),
    breakers: Object.fromEntries(spec.breakers.map((b) => [b.variant, viewOf(initialBreaker(b))])),
    recoveries: 0,
    pausedBy: [],
    startedAt: null,
    finishedAt: null,
    idleMs: 0,
  }
}
