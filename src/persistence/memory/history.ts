import { FAILURE_EVENTS, type BatchFact, type EventFact, type MilestoneFact } from '../facts.ts'
import { NewestResults } from '../newestResults.ts'
import type { BatchSums, Request, StoredCheckpoint, StoredEvent, StoredMilestone, StoredResult } from '../store.ts'
import { byBytes, isBy, type MemoryRun, type Stamped } from './rows.ts'

/** Each item as the newest round confirmed it. */
export async function* resultsOf(run: MemoryRun, filter: { variant?: string; scenario?: string }): AsyncIterable<StoredResult> {
  const newest = new NewestResults()
  for (const { variant, scenario, repetition, round, batch, from, items, result, itemErrors } of [...run.batches.values()]
    .filter(isWanted(filter))
    .sort(byPlace)) {
    const row = { variant, scenario, repetition, round, batch, from, items }
    yield* newest.add({ ...row, results: JSON.parse(result ?? '[]'), errors: itemErrors === null ? null : JSON.parse(itemErrors) })
  }
  yield* newest.end()
}

const isWanted = (filter: { variant?: string; scenario?: string }) => (b: BatchFact) =>
  b.outcome === 'ok' && (filter.variant ?? b.variant) === b.variant && (filter.scenario ?? b.scenario) === b.scenario

const byPlace = (a: BatchFact, b: BatchFact) =>
  byBytes(a.variant, b.variant) || byBytes(a.scenario, b.scenario) || a.repetition - b.repetition || a.from - b.from || a.round - b.round

const repetitionKey = (b: BatchFact) => JSON.stringify([b.variant, b.scenario, b.repetition])

export function eventsOf(run: MemoryRun, after: number, limit: number): StoredEvent[] {
  const next = run.events.findLastIndex((event) => event.sequence <= after) + 1
  return run.events.slice(next, next + limit).map(storedEvent)
}

const isFailure = ({ type }: EventFact) => FAILURE_EVENTS.includes(type)

/** What went wrong with batches, the last of it. */
export function errorsOf(run: MemoryRun, limit: number): StoredEvent[] {
  const errors = run.events.filter(isFailure)
  return errors.slice(Math.max(0, errors.length - limit)).map(storedEvent)
}

/** The first of it, by actor. */
export function firstErrorsOf(run: MemoryRun): StoredEvent[] {
  const byActor = Map.groupBy(run.events.filter(isFailure), ({ actor }) => actor)
  return [...byActor.values()].map(([first]) => storedEvent(first!)).sort((a, b) => byBytes(a.actor, b.actor))
}

export const storedEvent = ({ kind: _kind, ...event }: Stamped<EventFact>): StoredEvent => structuredClone(event)

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

export const backoffsOf = (run: MemoryRun): { actor: string; ms: number }[] =>
  [...Map.groupBy(run.events, ({ actor }) => actor)]
    .map(([actor, events]) => {
      const waits = events.flatMap(({ at, data }) => (typeof data.waitMs === 'number' ? { startedAt: at, activeMs: data.waitMs } : []))
      return { actor, ms: Math.round(unionMs(waits)) }
    })
    .filter(({ ms }) => ms > 0)
    .sort((a, b) => (a.actor < b.actor ? -1 : 1))

/** Time that at least one of them covers. */
function unionMs(batches: readonly Pick<BatchFact, 'startedAt' | 'activeMs'>[]): number {
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
