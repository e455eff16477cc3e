import type { BatchFact, BatchPlace, BreakerFact, CheckpointFact, EventFact, KeptFact, MilestoneFact, SnapshotFact } from '../facts.ts'
import type { NewRun, Request, RunRow } from '../store.ts'

export type Stamped<F> = Readonly<F> & { readonly sequence: number }

/** One run and all that belongs to it. Rows are never changed in place; their order is that of their sequence. */
export interface MemoryRun {
  row: Readonly<RunRow>
  /** The last sign of life of whoever had it, epoch ms. */
  seenAt: number | null
  actors: Map<string, Stamped<SnapshotFact>>
  /** By their key within the run. */
  batches: Map<string, Stamped<BatchFact>>
  /** By the key of their batch. */
  kept: Map<string, Stamped<KeptFact>>
  checkpoints: Stamped<CheckpointFact>[]
  /** By repetition and percentage. */
  milestones: Map<string, Readonly<MilestoneFact>>
  /** By variant. */
  breakers: Map<string, Readonly<BreakerFact>>
  events: Stamped<EventFact>[]
  /** Answered or not. */
  requests: Readonly<Request>[]
}

/** A run in which nothing has happened, and which nobody has. */
export const emptyRun = ({ id, name, plan, planVersion = 1, fingerprint, skillVersions }: NewRun, createdAt: number): MemoryRun => ({
  row: {
    id,
    name,
    plan,
    planVersion,
    fingerprint,
    skillVersions,
    status: 'pending',
    reason: null,
    epoch: 0,
    owner: null,
    createdAt,
    startedAt: null,
    finishedAt: null,
    report: null,
  },
  seenAt: null,
  actors: new Map(),
  batches: new Map(),
  kept: new Map(),
  checkpoints: [],
  milestones: new Map(),
  breakers: new Map(),
  events: [],
  requests: [],
})

export const batchKey = (b: BatchPlace) => JSON.stringify([b.variant, b.scenario, b.repetition, b.round, b.batch])

export const milestoneKey = ({ repetition, pct }: MilestoneFact) => `${repetition} ${pct}`

/** Whether a row was stored by then. */
export const isBy = (at: number | undefined) => (row: { sequence: number }) => at === undefined || row.sequence <= at

/** By bytes, as a database compares keys; UTF-16 would put "𝒳" before "ﬁ". */
export const byBytes = (a: string, b: string) => (a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b)))
