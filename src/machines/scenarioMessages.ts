import type { Claim } from './claim.ts'
import type { Recovered, Settled, Unconfirmed } from './scenarioRules.ts'
import type { FailReason, PauseReason, Status } from './scenarioState.ts'

/** What a scenario is told. All of it could be a row: flat JSON, with the instant `at` in epoch ms. */
export type ScenarioEvent =
  | { type: 'scenario.start'; at: number }
  | { type: 'scenario.pause'; reason: PauseReason; at: number }
  | { type: 'scenario.continue'; reason: PauseReason; at: number }
  | { type: 'scenario.cancel'; at: number }
  | { type: 'scenario.restart'; fresh: boolean; at: number }
  /** After a restore: go on, and say again how far you are. */
  | { type: 'scenario.resume'; at: number }
  | { type: 'barrier.released'; repetition: number; pct: number; at: number }
  | ({ type: 'batches.recovered' } & Recovered)
  | ({ type: 'batch.settled' } & Settled)
  | { type: 'batch.called'; batch: number }
  | { type: 'budget.spent'; at: number }
  | { type: 'scenario.broke'; reason: FailReason; at: number }
  | ({ type: 'work.fetched'; at: number } & Unconfirmed)

/** What a scenario tells its orchestrator. Every message may come twice; the second changes nothing. */
export type ScenarioMessage =
  | {
      type: 'scenario.changed'
      scenario: string
      status: Status
      reason: FailReason | null
      pausedBy: PauseReason[]
      claim: Claim | null
      at: number
    }
  | { type: 'scenario.reached'; scenario: string; repetition: number; pct: number; at: number }
  | { type: 'scenario.arrived'; scenario: string; repetition: number; pct: number; at: number }

/** What a scenario lets the world know: each becomes a row of `events`. */
export type ScenarioFact =
  | { type: 'scenario.started'; at: number }
  | { type: 'scenario.paused'; reasons: PauseReason[]; at: number }
  | { type: 'scenario.continued'; after: PauseReason; at: number }
  | { type: 'scenario.completed'; at: number }
  | { type: 'scenario.failed'; reason: FailReason; at: number }
  | { type: 'scenario.restarted'; round: number; fresh: boolean; at: number }
  | {
      type: 'milestone.reached'
      repetition: number
      pct: number
      elapsedMs: number
      activeMs: number
      at: number
    }
