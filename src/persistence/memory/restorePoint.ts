import type { BatchFact, CheckpointFact, SnapshotFact } from '../facts.ts'
import type { RoundRef, StoredActor, StoredBatch, StoredBreaker, StoredKept, Unconfirmed } from '../store.ts'
import { batchKey, byBytes, isBy, type MemoryRun, type Stamped } from './rows.ts'

const MAX_RANGES = 64

/** Of each actor its row or, for scenarios, the newest checkpoint: whichever is younger. */
export function actorsOf(run: MemoryRun, at: number | undefined): StoredActor[] {
  const newest = new Map<string, Stamped<SnapshotFact> | Stamped<CheckpointFact>>()
  for (const state of [...run.actors.values(), ...run.checkpoints].filter(isBy(at))) {
    const actor = actorOf(state)
    if (state.sequence > (newest.get(actor)?.sequence ?? 0)) newest.set(actor, state)
  }
  return [...newest.values()].map(storedActor).sort((a, b) => byBytes(a.actor, b.actor))
}

export const breakersOf = (run: MemoryRun): StoredBreaker[] =>
  [...run.breakers.values()]
    .map(({ variant, version, state }) => ({ variant, version, state: structuredClone(state) }))
    .sort((a, b) => byBytes(a.variant, b.variant))

export const keptOf = (run: MemoryRun): StoredKept[] =>
  [...run.kept.values()]
    .sort((a, b) => byBytes(batchKey(a), batchKey(b)))
    .map(({ variant, scenario, repetition, round, batch, results, errors, figures }) => ({
      ...{ variant, scenario, repetition, round, batch },
      ...{ results: JSON.parse(results), errors: JSON.parse(errors), figures: JSON.parse(figures) },
    }))

const actorOf = (state: SnapshotFact | CheckpointFact) => (state.kind === 'snapshot' ? state.actor : `${state.variant}/${state.scenario}`)

function storedActor(state: SnapshotFact | CheckpointFact): StoredActor {
  const { machine, version } = state.kind === 'snapshot' ? state : { machine: 'scenario', version: state.snapshot.version }
  const { value, context } = structuredClone(state.snapshot)
  return { actor: actorOf(state), machine, version, snapshot: { value, context } }
}

export function batchesOf(run: MemoryRun, ref: RoundRef, fromItem: number, at: number | undefined): StoredBatch[] {
  return repetitionOf(run, ref, at)
    .filter((b) => b.round === ref.round && b.from >= fromItem)
    .map((b) => ({
      batch: b.batch,
      from: b.from,
      items: b.items,
      attempt: b.attempt,
      outcome: b.outcome,
      errorClass: b.errorClass,
      itemErrors: b.itemErrors === null ? null : JSON.parse(b.itemErrors),
      processed: b.processed,
      quality: b.quality === null ? null : JSON.parse(b.quality),
      startedAt: b.startedAt,
      activeMs: b.activeMs,
    }))
}

export function unconfirmedOf(run: MemoryRun, ref: RoundRef, options: { size: number; from: number; at?: number }): Unconfirmed {
  const { size, from, at } = options
  const counted = repetitionOf(run, ref, at).filter((b) => b.round >= ref.firstRound)
  const confirmed = counted.filter((b) => b.outcome === 'ok').flatMap(confirmedOf)
  const gaps = gapsBetween([...confirmed, ...counted.filter((b) => b.round === ref.round)], from, size)
  const open = gapsBetween(confirmed, 0, size).reduce((sum, [from, to]) => sum + to - from, 0)
  return { ranges: gaps.slice(0, MAX_RANGES), more: gaps[MAX_RANGES]?.[0] ?? null, confirmed: size - open }
}

const repetitionOf = (run: MemoryRun, { variant, scenario, repetition }: RoundRef, at: number | undefined) =>
  [...run.batches.values()].filter((b) => b.variant === variant && b.scenario === scenario && b.repetition === repetition && isBy(at)(b))

type Piece = Pick<BatchFact, 'from' | 'items'>

/** What of a batch lies between the items that failed alone. */
function confirmedOf(b: BatchFact): Piece[] {
  if (b.itemErrors === null) return [b]
  const places = [...Object.keys(JSON.parse(b.itemErrors)).map(Number), b.items].sort((x, y) => x - y)
  return places.flatMap((place, i) => {
    const first = i === 0 ? 0 : places[i - 1]! + 1
    return place > first ? [{ from: b.from + first, items: place - first }] : []
  })
}

/** What of [from, to) lies in none of the batches, ascending. */
function gapsBetween(batches: readonly Piece[], from: number, to: number): [from: number, to: number][] {
  const gaps: [number, number][] = []
  let covered = from
  for (const b of batches.toSorted((a, b) => a.from - b.from)) {
    if (b.from >= to) break
    if (b.from > covered) gaps.push([covered, b.from])
    covered = Math.max(covered, b.from + b.items)
  }
  if (covered < to) gaps.push([covered, to])
  return gaps
}
