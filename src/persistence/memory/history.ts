import type { BatchFact, EventFact, MilestoneFact } from '../facts.ts'
import type { BatchSums, Request, StoredCheckpoint, StoredEvent, StoredMilestone, StoredResult } from '../store.ts'
import { byBytes, isBy, type MemoryRun, type Stamped } from './rows.ts'

/** What a later round confirmed stands in place of what it tried again. */
export async function* resultsOf(run: MemoryRun, filter: { variant?: string; scenario?: string }): AsyncIterable<StoredResult> {
  const scenarios = Map.groupBy([...run.batches.values()].filter(isWanted(filter)), repetitionKey)
  const newest = [...scenarios.values()].flatMap((batches) => withoutReplaced(batches))
  for (const { variant, scenario, repetition, round, batch, from, items, result } of newest.sort(byPlace)) {
    yield { variant, scenario, repetition, round, batch, from, items, results: JSON.parse(result ?? '[]') }
  }
}

const isWanted = (filter: { variant?: string; scenario?: string }) => (b: BatchFact) =>
  b.outcome === 'ok' && (filter.variant ?? b.variant) === b.variant && (filter.scenario ?? b.scenario) === b.scenario

/** Of one repetition; one round has an item once. */
function withoutReplaced(confirmed: readonly BatchFact[]): BatchFact[] {
  const rounds = [...Map.groupBy(confirmed, (b) => b.round)].sort(([a], [b]) => b - a).map(([, batches]) => batches)
  const taken = new Set<number>()
  const newest: BatchFact[] = []
  for (const batches of rounds) {
    for (const b of batches) if (!itemsOf(b).some((item) => taken.has(item))) newest.push(b)
    // Replaced or not: what stood in place of an older outcome still does.
    for (const b of batches) for (const item of itemsOf(b)) taken.add(item)
  }
  return newest
}

const itemsOf = ({ from, items }: BatchFact) => Array.from({ length: items }, (_, i) => from + i)

const byPlace = (a: BatchFact, b: BatchFact) =>
  byBytes(a.variant, b.variant) || byBytes(a.scenario, b.scenario) || a.repetition - b.repetition || a.from - b.from

const repetitionKey = (b: BatchFact) => JSON.stringify([b.variant, b.scenario, b.repetition])

export function eventsOf(run: MemoryRun, after: number, limit: number): StoredEvent[] {
  const next = run.events.findLastIndex((event) => event.sequence <= after) + 1
  return run.events.slice(next, next + limit).map(storedEvent)
}

/** What went wrong with batches, the last of it. */
export function errorsOf(run: MemoryRun, limit: number): StoredEvent[] {
  const errors = run.events.filter((event) => event.type === 'batch.failed' || event.type === 'batch.retried')
  return errors.slice(Math.max(0, errors.length - limit)).map(storedEvent)
}

/** The first of it, by actor. */
export function firstErrorsOf(run: MemoryRun): StoredEvent[] {
  const byActor = Map.groupBy(
    run.events.filter((event) => event.type === 'batch.failed' || event.type === 'batch.retried'),
    ({ actor }) => actor,
  )
  return [...byActor.values()].map(([first]) => storedEvent(first!)).sort((a, b) => byBytes(a.actor, b.actor))
}

const storedEvent = ({ kind: _kind, ...event }: Stamped<EventFact>): StoredEvent => structuredClone(event)

export const checkpointsOf = (run: MemoryRun): StoredCheckpoint[] =>
  run.checkpoints.map(({ kind: _kind, progressPct: _progress, snapshot: _snapshot, ...checkpoint }) => checkpoint)

export const milestonesOf = (run: MemoryRun, at: number | undefined): StoredMilestone[] =>
  milestoneRows(run, at)
    .map(({ repetition, pct, reachedAt, releasedAt, outcome, missing }) => ({
      repetition,
      pct,
      reachedAt,
      releasedAt,
      outcome,
      missing: [...missing],
    }))
    .sort((a, b) => a.repetition - b.repetition || a.pct - b.pct)

/** Milestones have no sequence: those count that were over when the newest event or checkpoint was stored. */
export function milestoneRows(run: MemoryRun, at: number | undefined): MilestoneFact[] {
  if (at === undefined) return [...run.milestones.values()]
  const until = [...run.events, ...run.checkpoints].filter(isBy(at)).reduce((newest, row) => Math.max(newest, row.at), -Infinity)
  return [...run.milestones.values()].filter((m) => (m.releasedAt ?? m.reachedAt) <= until)
}

export const sumsOf = (run: MemoryRun): BatchSums[] =>
  [...Map.groupBy(run.batches.values(), repetitionKey).values()].map((batches) => {
    const { variant, scenario, repetition } = batches[0]!
    const timed = batches.filter((b) => !b.warmup)
    const cpu = batches.flatMap((b) => b.cpuMs ?? [])
    return {
      variant,
      scenario,
      repetition,
      timedActiveMs: unionMs(timed),
      timedItems: timed.reduce((sum, b) => sum + b.processed, 0),
      cpuMs: cpu.length > 0 ? cpu.reduce((sum, ms) => sum + ms, 0) : null,
    }
  })

/** Time in which at least one batch was active. */
function unionMs(batches: readonly BatchFact[]): number {
  let total = 0
  let covered = -Infinity
  for (const { startedAt, activeMs } of batches.toSorted((a, b) => a.startedAt - b.startedAt)) {
    const end = startedAt + activeMs
    total += Math.max(0, end - Math.max(startedAt, covered))
    covered = Math.max(covered, end)
  }
  return total
}

export function requestsOf(run: MemoryRun): Request[] {
  const answered = new Set(run.events.filter((event) => event.type === 'request.answered').map((event) => event.data.request))
  // What a run was asked before it was forked was asked of that run alone.
  const own = new Set(run.events.filter(({ at }) => at >= run.row.createdAt).map(({ sequence }) => sequence))
  return run.requests.filter(({ sequence }) => own.has(sequence) && !answered.has(sequence)).map((request) => ({ ...request }))
}

export const lastSequenceOf = (run: MemoryRun): number =>
  Math.max(0, run.events.at(-1)?.sequence ?? 0, run.checkpoints.at(-1)?.sequence ?? 0, [...run.batches.values()].at(-1)?.sequence ?? 0)
