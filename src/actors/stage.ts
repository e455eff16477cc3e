import type { Clock } from '../clock.ts'
import type { ErrorClass, RetryPlan } from '../plan.ts'
import type { ItemReader } from '../input/input.ts'
import type { Skill } from '../skills/skill.ts'
import type { Activity } from './activity.ts'
import type { Gate } from './gate.ts'
import type { KeptItems } from './itemProgress.ts'
import type { Ledger } from './ledger.ts'
import type { Turn } from './turn.ts'

/** What the lanes of one scenario share in the process that runs it. */
export interface Stage {
  run: string
  variant: string
  scenario: string
  clock: Clock
  random: () => number
  skill: Skill
  reader: ItemReader
  ledger: Ledger
  activity: Activity
  /** The plan's own say on the class of an error; nothing leaves it to the usual rules. Never throws. */
  classify?: (error: unknown) => ErrorClass | undefined
  retry: RetryPlan
  /** What is known of items of batches that are not settled. */
  kept: KeptItems
  /** Of its variant: asked before each call. */
  gate: Gate
  /** Of the whole run: taken where one batch at a time is to run. */
  turn: Turn
  batchTimeoutMs: number
  /** Of the plan: errors name files relative to it. */
  directory: string
  warmupBatches: number
  /** Hides the values of the plan's secrets. */
  redact(text: string): string
  /** Batches in a skill call at once. */
  parallel: number
  /** Batches beyond them that the skill has answered and that are not durable yet; 0 but with durability `pipelined`. */
  window: number
  /** Aborted when the process is to end: what the skill still returns is stored, nothing new begins. */
  shutdown: AbortController
  /** Its scenario is at work, so that a half-open breaker may let it through. */
  mayProbe: boolean
  /** Batches that some lane has in hand. */
  inHand: number
  /** What is known of each of them. */
  batches: Set<BatchInHand>
  /** Makes the lanes say what they have not said yet. */
  tell(): void
  /** What no scenario can mend: the run has another owner, the database is gone, the input has changed. */
  onFatal(error: unknown): void
}

/** A batch that a lane has in hand. Instants in epoch ms. */
export interface BatchInHand {
  batch: number
  /** When the lane took it. */
  since: number
  /** Its next attempt begins then, where one has failed. */
  waitsUntil: number | null
}

/** Finds the stage of a scenario, by what an actor's input says: actors of all runs share their logic. */
export type StageOf = (whose: { run: string; scenario: string }) => Stage
