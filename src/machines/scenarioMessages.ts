import type { Claim } from './claim.ts'
import type { Recovered, Unconfirmed } from './scenarioRules.ts'
import type { FailReason, PauseReason, Range, Status } from './scenarioState.ts'
import type { Tally } from './tally.ts'

/** What a scenario is told. All of it could be a row: flat JSON, with the instant `at` in epoch ms. */
export type ScenarioEvent =
  | { type: 'scenario.start'; at: number }
  | { type: 'scenario.pause'; reason: PauseReason; at: number }
  | { type: 'scenario.continue'; reason: PauseReason; at: number }
  | { type: 'scenario.cancel'; at: number }
  /** `halvings`: how often batches are halved in the new round; its lanes then take turns with those of all others. */
  | { type: 'scenario.restart'; fresh: boolean; halvings: number; at: number }
  /** After a restore: go on, and say again how far you are. */
  | { type: 'scenario.resume'; at: number }
  | { type: 'barrier.released'; repetition: number; pct: number; at: number }
  | ({ type: 'batches.recovered' } & Recovered)
  /** `activeMs`: of the whole scenario up to now, the union over its lanes. */
  | { type: 'batches.settled'; tally: Tally; activeMs: number; at: number }
  /** They were told to end, and nothing of theirs is under way any more. */
  | { type: 'lanes.ended'; at: number }
  | { type: 'budget.spent'; at: number }
  | { type: 'scenario.broke'; reason: FailReason; at: number }
  | ({ type: 'work.fetched'; at: number } & Unconfirmed)

/** How items are cut into batches. */
export interface Cut {
  batchSize: number
  /** Batches bear the number of their first item: what earlier rounds have left need not begin where a batch of this size would. */
  uneven: boolean
  /** One batch of the whole run at a time. */
  alone: boolean
}

/** What a scenario tells its lanes. */
export type LanesOrder =
  /** Go on, with these items too; say what is settled as soon as it is `tellAfter` items. */
  | { type: 'lanes.work'; repetition: number; round: number; firstRound: number; ranges: Range[]; tellAfter: number; cut: Cut }
  /** Begin nothing new until there is work again. */
  | { type: 'lanes.hold' }
  /** Abort what is in the skill, and say `lanes.ended` when what is stored is counted. */
  | { type: 'lanes.end' }

/** What a scenario tells its orchestrator. Every message may come twice; the second changes nothing. */
export type ScenarioMessage = ScenarioNews | { type: 'scenario.told'; news: ScenarioNews[]; at: number }

export type ScenarioNews =
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
  /** `itemsFailed`: of all repetitions; left out where there are none. */
  | { type: 'scenario.failed'; reason: FailReason; itemsFailed?: number; at: number }
  | { type: 'scenario.restarted'; round: number; fresh: boolean; halvings: number; at: number }
  | { type: 'repetition.started'; repetition: number; at: number }
  | {
      type: 'milestone.reached'
      repetition: number
      pct: number
      elapsedMs: number
      activeMs: number
      /** Of the repetition, failed ones included; may be more than the milestone needs. Earlier versions did not tell. */
      itemsSettled?: number
      /** Of the repetition; left out where there are none. */
      itemsFailed?: number
      at: number
    }
