/** What a scenario's machine knows. Flat JSON; its size does not depend on the number of batches. */

export type PauseReason = 'user' | 'database' | 'breaker' | 'barrier'
export type FailReason = 'errors' | 'time-budget' | 'memory' | 'breaker' | 'cost-cap' | 'threshold' | 'skill' | 'cancelled'
export type Status = 'pending' | 'running' | 'paused' | 'complete' | 'failed'
export type ErrorClass = 'critical' | 'recoverable' | 'transient' | 'ignored'

/** Shown and charged in this order. */
export const PAUSE_REASONS: readonly PauseReason[] = ['user', 'database', 'breaker', 'barrier']

/** Fixed for the whole run: derived from the plan, so never stored with the state. */
export interface ScenarioSpec {
  run: string
  variant: string
  name: string
  size: number
  batchSize: number
  /** In %, ascending, 0 and 100 included. */
  milestones: readonly number[]
  /** In %, ascending; none in mode `free`. */
  barriers: readonly number[]
  repetitions: number
  warmupBatches: number
  errorTolerance: number
  timeBudgetMs: number | null
}

/** Items, half-open. */
export type Range = [from: number, to: number]

/** How far one repetition has come, in items and in %. */
export interface Repetition {
  settled: number
  failed: number
  /** The highest milestone recorded, −1 before the first. */
  milestone: number
  /** The highest barrier released, 0 before the first. */
  released: number
}

export interface ScenarioState {
  spec: ScenarioSpec
  repetition: number
  round: number
  /** Rounds before it were given up by `fresh`. */
  firstRound: number
  repetitions: Repetition[]
  /** What is left to hand to the lanes, ascending. */
  work: Range[]
  /** The item from which further unconfirmed ranges must be asked for; `null` when `work` is all there is. */
  more: number | null
  /** What the lanes have and have not said to be settled, ascending. */
  open: Range[]
  /** The next ranges have been asked for. */
  fetching: boolean
  /** Outcomes that it has not counted may be stored: each repetition is asked for. */
  asks: boolean
  /** How often the batches of this round are halved: less load, after all have failed. */
  halvings: number
  /** Some round since `firstRound` had smaller batches, or began with single items. */
  uneven: boolean
  /** Items of this round have failed alone: batches of the next one bear the number of their first item. */
  split: boolean
  /** The actor of the lanes lives. */
  lanes: boolean
  /** Why it is about to fail: as soon as the lanes have let go of what they have. */
  ending: FailReason | null
  batches: number
  retries: number
  processed: number
  activeMs: number
  /** `activeMs` at the start of the present round: each has the whole time budget. */
  activeBeforeMs: number
  memoryPeakMb: number | null
  /** Sums over items, by metric: the mean is `sum / items`. */
  quality: Record<string, { sum: number; items: number }>
  errors: Record<ErrorClass, number>
  pausedBy: PauseReason[]
  reason: FailReason | null
  /** All repetitions are settled, and no barrier is left. */
  done: boolean
  startedAt: number | null
  /** Since when time is charged to the present status, epoch ms. */
  since: number
  /** ms in each status so far, up to `since`. */
  spent: Record<'running' | 'interrupted' | PauseReason, number>
  /** `elapsedMs` and `activeMs` at the start of the present repetition. */
  origin: { elapsedMs: number; activeMs: number }
}

export function initialState(spec: ScenarioSpec): ScenarioState {
  return {
    spec,
    repetition: 1,
    round: 0,
    firstRound: 0,
    repetitions: Array.from({ length: spec.repetitions }, () => ({ settled: 0, failed: 0, milestone: -1, released: 0 })),
    work: [[0, spec.size]],
    more: null,
    open: [],
    fetching: false,
    asks: false,
    halvings: 0,
    uneven: false,
    split: false,
    lanes: false,
    ending: null,
    batches: 0,
    retries: 0,
    processed: 0,
    activeMs: 0,
    activeBeforeMs: 0,
    memoryPeakMb: null,
    quality: {},
    errors: { critical: 0, recoverable: 0, transient: 0, ignored: 0 },
    pausedBy: [],
    reason: null,
    done: false,
    startedAt: null,
    since: 0,
    spent: { running: 0, interrupted: 0, user: 0, database: 0, breaker: 0, barrier: 0 },
    origin: { elapsedMs: 0, activeMs: 0 },
  }
}
