import type { ErrorClass } from '../plan.ts'
import type { BatchPlace, DroppedFact, KeptFact } from '../persistence/facts.ts'
import type { StoredKept } from '../persistence/store.ts'
import type { StoredError } from '../skills/errorClass.ts'
import type { SkillOutcome } from '../skills/skill.ts'
import type { BatchCall } from './attempt.ts'

/** Sums over the calls of a batch. */
export interface Figures {
  usage: Record<string, number> | null
  quality: Record<string, { sum: number; items: number }>
}

/** What is kept of one batch that is not settled. */
export interface KeptBatch extends Figures {
  place: BatchPlace
  results: Map<number, unknown>
  errors: Map<number, StoredError>
}

/** What is kept of the batches of one scenario, in this process: it is empty most of the time. */
export class KeptItems {
  readonly #batches = new Map<string, KeptBatch>()

  constructor(stored: readonly StoredKept[] = []) {
    for (const { results, errors, figures, ...place } of stored) {
      const { usage = null, quality = {} } = figures as Partial<Figures>
      this.put({ place, usage, quality, results: numbered(results), errors: numbered(errors as unknown as Record<string, StoredError>) })
    }
  }

  get isEmpty(): boolean {
    return this.#batches.size === 0
  }

  put(kept: KeptBatch) {
    this.#batches.set(keyOf(kept.place), kept)
  }

  /** What is known of a batch's items from attempts before, in whatever batches they were: `undefined` if nothing is. */
  of(place: BatchPlace, { from, items, firstRound }: BatchCall): KeptBatch | undefined {
    const found: KeptBatch = { place, usage: null, quality: {}, results: new Map(), errors: new Map() }
    for (const kept of this.#batches.values()) {
      if (kept.place.repetition !== place.repetition || kept.place.round < firstRound) continue
      const before = found.results.size + found.errors.size
      for (let item = from; item < from + items; item++) {
        if (kept.results.has(item)) found.results.set(item, kept.results.get(item))
        // A new round tries again what has failed in those before it.
        else if (kept.place.round === place.round && kept.errors.has(item)) found.errors.set(item, kept.errors.get(item)!)
      }
      if (found.results.size + found.errors.size === before) continue
      addFigures(found, kept)
      // They are told once, with the first batch that has items of it.
      Object.assign(kept, { usage: null, quality: {} })
    }
    return found.results.size + found.errors.size > 0 ? found : undefined
  }

  /** The items are settled. @returns what the store need not keep any more. */
  settle(repetition: number, { from, items }: BatchCall): DroppedFact[] {
    const dropped: DroppedFact[] = []
    for (const [key, { place, results, errors }] of this.#batches) {
      if (place.repetition !== repetition) continue
      let has = false
      for (let item = from; item < from + items; item++) has = [results.delete(item), errors.delete(item)].includes(true) || has
      if (!has || results.size > 0) continue
      this.#batches.delete(key)
      dropped.push({ kind: 'dropped', ...place })
    }
    return dropped
  }
}

const keyOf = ({ repetition, round, batch }: BatchPlace) => `${repetition} ${round} ${batch}`

const numbered = <V>(stored: Record<string, V>) => new Map(Object.entries(stored).map(([item, value]) => [Number(item), value]))

/** As it is stored: what is known of the given items, and the figures so far. */
export const keptFact = ({ place, results, errors, usage, quality }: KeptBatch): KeptFact => ({
  kind: 'kept',
  ...place,
  results: JSON.stringify(Object.fromEntries(results)),
  errors: JSON.stringify(Object.fromEntries(errors)),
  figures: JSON.stringify({ usage, quality } satisfies Figures),
})

export function addFigures(to: Figures, { usage, quality }: Figures) {
  if (usage) {
    const before = to.usage ?? {}
    const total = { ...before }
    for (const name in usage) {
      // What is the largest of a call does not add up.
      total[name] = name.endsWith('Max') ? Math.max(before[name] ?? -Infinity, usage[name]!) : (before[name] ?? 0) + usage[name]!
    }
    to.usage = total
  }
  for (const metric in quality) {
    const { sum, items } = quality[metric]!
    const before = to.quality[metric]
    to.quality[metric] = { sum: (before?.sum ?? 0) + sum, items: (before?.items ?? 0) + items }
  }
}

/** Figures of one call, of which `good` items are good. */
export const figuresOf = ({ usage, quality }: SkillOutcome, good: number): Figures => ({
  usage,
  quality: Object.fromEntries(Object.entries(quality ?? {}).map(([metric, mean]) => [metric, { sum: mean * good, items: good }])),
})

export const meansOf = ({ quality }: Figures): Record<string, number> | null => {
  const metrics = Object.entries(quality).filter(([, { items }]) => items > 0)
  return metrics.length > 0 ? Object.fromEntries(metrics.map(([metric, { sum, items }]) => [metric, sum / items])) : null
}

const BY_WEIGHT: readonly ErrorClass[] = ['critical', 'recoverable', 'transient', 'ignored']

/** The error that stands for all of them: the first of the gravest class. */
export const worstOf = (errors: readonly StoredError[]): StoredError =>
  errors.reduce((worst, error) => (BY_WEIGHT.indexOf(error.class) < BY_WEIGHT.indexOf(worst.class) ? error : worst))
