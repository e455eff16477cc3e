import type { BatchPlace, EventFact, RunRef, StoredSnapshot } from './facts.ts'
import type { Journal } from './journal.ts'
import type { Link } from './link.ts'

/** Who works on a run. Instants in epoch ms, of the database's clock. */
export interface Owner {
  host: string
  pid: number
  since: number
  seenAt: number
}

/** Who has a run at a moment of the database's clock, epoch ms. `owner`: `null` while it has only just taken it. */
export interface Holder {
  owner: Owner | null
  now: number
}

/** A skill as a run began with it: the version its plan gives, and its files with hashes, the main one first. */
export interface SkillVersion {
  version: string | null
  files: readonly (readonly [path: string, hash: string])[]
}

export interface NewRun {
  id: string
  name: string
  plan: object
  /** The form of `plan`. Default: the first. */
  planVersion?: number
  fingerprint: string
  /** By variant. Version 0.1.0 stored text: `VERSION#HASH` of the main file. */
  skillVersions: Record<string, SkillVersion | string | null>
}

export interface RunRow extends NewRun {
  planVersion: number
  status: 'pending' | 'running' | 'paused' | 'complete' | 'failed'
  reason: string | null
  epoch: number
  owner: Owner | null
  createdAt: number
  startedAt: number | null
  finishedAt: number | null
  report: object | null
}

/** A run in a list: what may be large is left out. */
export interface RunSummary extends Omit<RunRow, 'plan' | 'planVersion' | 'skillVersions' | 'report'> {
  /** Of its items those that are settled, as its report says; `null` before its end. */
  progressPct: number | null
  /** As its report says: without the time in which no process worked on it, ms; `null` before its end. */
  elapsedMs: number | null
}

/** The right to write to a run, until it is given back or lost. */
export interface Ownership extends RunRef {
  row: RunRow
  /** The owner's last sign of life before; `now` for a new run. Epoch ms, of the database's clock. */
  seenAt: number
  /** The database's clock at the take-over, epoch ms. */
  now: number
  /** Told once, if another process has taken over. */
  onLost(listener: (error: Error) => void): void
  /** Frees the run; what is still to be written must be written before. `ended`: its row says that it has ended, and that says it all. */
  release(how?: { ended?: boolean }): Promise<void>
}

/** The newest state of an actor that is stored: its row, or a scenario's last checkpoint. */
export interface StoredActor {
  actor: string
  machine: string
  version: number
  snapshot: StoredSnapshot
}

/** A stored batch, as a restore needs it. */
export interface StoredBatch {
  batch: number
  from: number
  items: number
  attempt: number
  outcome: 'ok' | 'failed'
  errorClass: string | null
  /** By place in the batch; `null`: none failed alone. */
  itemErrors: Record<string, StoredItemError> | null
  processed: number
  quality: Record<string, number> | null
  startedAt: number
  activeMs: number
}

/** The error of one item, as it is stored; it has what an error of a batch has. */
export interface StoredItemError {
  message: string
  name: string
  class: string
  attempt: number
}

/** Items that need not be called again, of a batch that is not settled. */
export interface StoredKept extends BatchPlace {
  /** By number of the item in its scenario. */
  results: Record<string, unknown>
  errors: Record<string, StoredItemError>
  figures: Record<string, unknown>
}

/** Ranges of items that are neither confirmed nor settled in this round, ascending, at most 64 of them. */
export interface Unconfirmed {
  ranges: [from: number, to: number][]
  /** Further ranges lie behind this item; `null`: these are all. */
  more: number | null
  /** Items of the whole repetition that are confirmed. */
  confirmed: number
}

export interface RoundRef {
  variant: string
  scenario: string
  repetition: number
  round: number
  /** Rounds before it do not count. */
  firstRound: number
}

export interface StoredEvent extends Omit<EventFact, 'kind'> {
  sequence: number
}

export interface StoredResult {
  variant: string
  scenario: string
  repetition: number
  round: number
  batch: number
  from: number
  items: number
  /** In the order of the items; `null` for an item that failed. */
  results: unknown[]
  /** Of the items that failed, by their place in `results`. Not there where none did. */
  errors?: Record<string, StoredItemError>
}

/** A scenario has confirmed batches that were stored after so many of the given sequences. */
export interface ConfirmedSpan {
  variant: string
  scenario: string
  span: number
}

export interface StoredCheckpoint {
  variant: string
  scenario: string
  repetition: number
  milestonePct: number
  elapsedMs: number
  activeMs: number
  sequence: number
  at: number
}

export interface StoredMilestone {
  repetition: number
  pct: number
  reachedAt: number
  releasedAt: number | null
  outcome: 'all' | 'without' | 'timed-out' | null
  missing: string[]
}

/** Sums over the stored batches of one scenario of one repetition; warm-up batches are left out of `timed…`. */
export interface BatchSums {
  variant: string
  scenario: string
  repetition: number
  /** Union over lanes, ms. */
  timedActiveMs: number
  timedItems: number
  cpuMs: number | null
}

/** The newest state of a breaker that is stored. */
export interface StoredBreaker {
  variant: string
  version: number
  state: StoredSnapshot
}

export interface Request {
  sequence: number
  type: 'run.pause' | 'run.continue' | 'run.cancel' | 'run.restart' | 'breaker.open' | 'breaker.disable' | 'breaker.reset'
  scenario: string | null
  variant: string | null
  fresh: boolean
}

export interface RunFilter {
  fingerprint?: string
  name?: string
  unfinished?: boolean
  limit?: number
}

/** Everything durable. Two of them: PostgreSQL, and memory for runs that may be lost. Both pass `test/persistence/storeContract.ts`. */
export interface Store {
  readonly kind: 'postgres' | 'memory'
  readonly journal: Journal
  /** Missing where nothing can be away. */
  readonly link?: Link
  /** @throws {RunHeldError} if the id is taken by a live process, and a unique violation as `RunExistsError` otherwise. */
  create(run: NewRun): Promise<Ownership>
  /** Waits for the writes of the owner before, then epoch + 1. @throws {RunNotFoundError} @throws {RunHeldError} */
  take(id: string): Promise<Ownership>
  get(id: string): Promise<RunRow | null>
  /** Newest first. */
  find(filter: RunFilter): Promise<RunRow[]>
  /** As `find`, without what may be large. */
  list(filter: Omit<RunFilter, 'fingerprint'>): Promise<RunSummary[]>
  /** The newest first, at most `limit`. */
  ids(limit: number): Promise<string[]>
  /** Whether a live process has it. */
  isHeld(id: string): Promise<boolean>
  /** The live process that has it; `null`: none has. */
  holder(id: string): Promise<Holder | null>
  /** `at`: as they were at that sequence. */
  actors(run: string, at?: number): Promise<StoredActor[]>
  /** Batches of a round with `from >= fromItem`, in the order they were stored. */
  batchesFrom(run: string, round: RoundRef, fromItem: number, at?: number): Promise<StoredBatch[]>
  unconfirmed(run: string, round: RoundRef, options: { size: number; from: number; at?: number }): Promise<Unconfirmed>
  /** All that is kept of batches which are not settled. */
  kept(run: string): Promise<StoredKept[]>
  /**
   * Each item as the newest round confirmed it, in the order of variants, scenarios and items. A batch of which other rounds confirmed some items
   * comes in parts.
   */
  results(run: string, filter: { variant?: string; scenario?: string }): AsyncIterable<StoredResult>
  /** After `after`, oldest first, at most `limit` (default 1000). */
  events(run: string, after: number, limit?: number): Promise<StoredEvent[]>
  /** Those that tell with which files of a skill a run went on, oldest first. */
  skillEvents(run: string): Promise<StoredEvent[]>
  /** Of batches that no later round has replaced as a whole. `sequences` ascend. */
  confirmedSpans(run: string, sequences: readonly number[]): Promise<ConfirmedSpan[]>
  /** The last events that tell of a failed attempt at a batch or at items of one, oldest first. */
  errors(run: string, limit: number): Promise<StoredEvent[]>
  /** The first such event of each actor, in the order of actors. */
  firstErrors(run: string): Promise<StoredEvent[]>
  /** By actor: how long at least one of its batches waited to be tried again, ms. Actors that never waited are left out. */
  backoffs(run: string): Promise<{ actor: string; ms: number }[]>
  breakers(run: string): Promise<StoredBreaker[]>
  checkpoints(run: string): Promise<StoredCheckpoint[]>
  milestones(run: string, at?: number): Promise<StoredMilestone[]>
  sums(run: string): Promise<BatchSums[]>
  /** The newest sequence of the run. */
  lastSequence(run: string): Promise<number>
  /** Copies a run as it was at a sequence, under a new id, without an owner. @throws {RunNotFoundError} */
  fork(run: string, options: { at: number; id: string }): Promise<RunRow>
  /** Deletes finished runs, and all that belongs to them. @returns their ids. */
  prune(olderThanMs: number): Promise<string[]>
  /** Asks the owner, wherever it is, to obey. @returns the sequence of the request; the answer is an event `request.answered` with it. */
  request(run: string, request: Omit<Request, 'sequence'>): Promise<number>
  /** Requests that have no answer yet, oldest first. */
  requests(run: string): Promise<Request[]>
  /** Calls `onNews` whenever events of a run are stored, requests among them, by whatever process (`run: null`: of any run). @returns how to stop. */
  watch(run: string | null, onNews: (run: string) => void): Promise<() => Promise<void>>
  /** As `watch`, for requests alone: an owner is not woken by what it writes itself. */
  watchRequests(run: string | null, onNews: (run: string) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}
