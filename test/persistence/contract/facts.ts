import type { BatchFact, CheckpointFact, EventFact, MilestoneFact, RunFact, SnapshotFact } from '../../../src/persistence/facts.ts'

/** 2026-11-21T00:00:00.123Z: its milliseconds have no exact binary fraction of a second. */
export const AT = 1_795_219_200_123

/** A good batch of ten items; `result` is JSON text of as many. */
export const batch = (changes: Partial<BatchFact> = {}): BatchFact => ({
  kind: 'batch',
  variant: 'default',
  scenario: 'small',
  repetition: 1,
  round: 1,
  batch: 0,
  from: 0,
  items: 10,
  attempt: 1,
  outcome: 'ok',
  errorClass: null,
  error: null,
  itemErrors: null,
  processed: 10,
  result: JSON.stringify(Array.from({ length: changes.items ?? 10 }, (_, i) => (changes.from ?? 0) + i)),
  quality: null,
  usage: null,
  warmup: false,
  startedAt: AT,
  activeMs: 5,
  cpuMs: null,
  ...changes,
})

export const failedBatch = (changes: Partial<BatchFact> = {}): BatchFact =>
  batch({
    outcome: 'failed',
    errorClass: 'transient',
    error: JSON.stringify({ message: 'no answer' }),
    processed: 0,
    result: null,
    ...changes,
  })

export const event = (changes: Partial<EventFact> = {}): EventFact => ({
  kind: 'event',
  at: AT,
  actor: 'orchestrator',
  type: 'note',
  data: {},
  ...changes,
})

export const snapshot = (changes: Partial<SnapshotFact> = {}): SnapshotFact => ({
  kind: 'snapshot',
  actor: 'orchestrator',
  machine: 'orchestrator',
  version: 1,
  status: 'running',
  snapshot: { value: 'running', context: {} },
  ...changes,
})

export const checkpoint = (changes: Partial<CheckpointFact> = {}): CheckpointFact => ({
  kind: 'checkpoint',
  variant: 'default',
  scenario: 'small',
  repetition: 1,
  milestonePct: 30,
  progressPct: 30,
  elapsedMs: 12.5,
  activeMs: 7.25,
  snapshot: { version: 1, value: 'running', context: {} },
  at: AT,
  ...changes,
})

export const stateOf = (n: number) => ({ value: 'running', context: { n } })

export const milestone = (changes: Partial<MilestoneFact> = {}): MilestoneFact => ({
  kind: 'milestone',
  repetition: 1,
  pct: 30,
  reachedAt: AT,
  releasedAt: AT,
  outcome: 'all',
  missing: [],
  statuses: { 'default/small': 'running' },
  ...changes,
})

export const runFact = (changes: Partial<RunFact> = {}): RunFact => ({
  kind: 'run',
  status: 'running',
  reason: null,
  startedAt: AT,
  finishedAt: null,
  report: null,
  ...changes,
})

/** Text that a careless store breaks: quotes, a backslash, SQL and array syntax, two planes of Unicode, a combining accent. */
export const AWKWARD = `Zürich "q" 'a' \\ {NULL,1} $1 -- 東京 🦀 e\u0301 \n\t`
