/** A run as its owner writes to it: every write names the epoch that it believes in. */
export interface RunRef {
  id: string
  epoch: number
}

/** The outcome of one batch: a row of `batches`. JSON columns are JSON text, checked before they get here. */
export interface BatchFact {
  kind: 'batch'
  variant: string
  scenario: string
  repetition: number
  round: number
  batch: number
  from: number
  items: number
  attempt: number
  outcome: 'ok' | 'failed'
  errorClass: string | null
  error: string | null
  /** Errors of the items that failed alone, by their place in the batch; `null`: there are none. */
  itemErrors: string | null
  processed: number
  result: string | null
  quality: string | null
  usage: string | null
  warmup: boolean
  /** Epoch ms. */
  startedAt: number
  activeMs: number
  cpuMs: number | null
}

/** Types of the events that tell of a failed attempt: at a batch, or at some of its items. */
export const FAILURE_EVENTS: readonly string[] = ['batch.failed', 'batch.retried', 'items.failed', 'items.retried']

/** Type of the event that tells with which files of a skill a run went on. */
export const SKILL_FILES = 'skill.files'

/** Something that happened: a row of `events`. */
export interface EventFact {
  kind: 'event'
  at: number
  actor: string
  type: string
  data: Record<string, unknown>
}

/** The state of an actor at a change of status: its row of `actors`. */
export interface SnapshotFact {
  kind: 'snapshot'
  actor: string
  machine: string
  version: number
  status: string
  snapshot: StoredSnapshot
}

/** An actor as it is stored: without its children, and without what follows from the plan. */
export interface StoredSnapshot {
  value: string
  context: Record<string, unknown>
}

/** A scenario's state at a milestone, or where it failed: a row of `scenario_checkpoints`. */
export interface CheckpointFact {
  kind: 'checkpoint'
  variant: string
  scenario: string
  repetition: number
  milestonePct: number
  progressPct: number
  elapsedMs: number
  activeMs: number
  snapshot: StoredSnapshot & { version: number }
  at: number
}

/** A milestone across scenarios: a row of `orchestration_milestones`. Without `outcome` nobody waited. */
export interface MilestoneFact {
  kind: 'milestone'
  repetition: number
  pct: number
  reachedAt: number
  releasedAt: number | null
  outcome: 'all' | 'without' | 'timed-out' | null
  missing: string[]
  statuses: Record<string, string>
}

/** The state of a variant's breaker: its row of `breakers`. */
export interface BreakerFact {
  kind: 'breaker'
  variant: string
  version: number
  state: StoredSnapshot
}

/** Names a batch within its run. */
export interface BatchPlace {
  variant: string
  scenario: string
  repetition: number
  round: number
  batch: number
}

/** Items of a batch that need not be called again although it is not settled: a row of `kept_items`. Objects by number of the item, as JSON text. */
export interface KeptFact extends BatchPlace {
  kind: 'kept'
  results: string
  /** Of items that are not tried again in this round. */
  errors: string
  figures: string
}

/** The batch is settled: its row of `kept_items` goes. */
export interface DroppedFact extends BatchPlace {
  kind: 'dropped'
}

/** A change of the run's own row. */
export interface RunFact {
  kind: 'run'
  status: string
  reason: string | null
  startedAt: number | null
  finishedAt: number | null
  report: object | null
}

export type Fact = BatchFact | EventFact | SnapshotFact | CheckpointFact | MilestoneFact | BreakerFact | KeptFact | DroppedFact | RunFact
