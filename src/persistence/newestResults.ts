import type { StoredItemError, StoredResult } from './store.ts'

/** A batch with results, as it is stored. `errors`: of the items that failed alone, by place in the batch. */
export interface ResultRow extends Omit<StoredResult, 'errors'> {
  errors: Record<string, StoredItemError> | null
}

/** Items of a row that has the last word on them. */
interface Piece {
  row: ResultRow
  from: number
  to: number
}

/**
 * Puts the results of all rounds together: each item as the newest round confirmed it, or failed where no round did. Rows come in the order of
 * variants, scenarios, repetitions, first items and rounds. Holds only those that overlap.
 */
export class NewestResults {
  #held: ResultRow[] = []
  /** Items before it are decided. */
  #at = 0
  /** Decided, and may go on. */
  #last: Piece | undefined

  /** @returns what no later row can change. */
  add(row: ResultRow): StoredResult[] {
    const [held] = this.#held
    const isSame = held && held.variant === row.variant && held.scenario === row.scenario && held.repetition === row.repetition
    const known = this.#known(isSame ? row.from : Infinity)
    if (this.#held.length === 0) this.#at = row.from
    this.#held.push(row)
    return known
  }

  end(): StoredResult[] {
    const known = this.#known(Infinity)
    return this.#last ? [...known, part(this.#last)] : known
  }

  #known(until: number): StoredResult[] {
    const known: StoredResult[] = []
    while (this.#held.length > 0 && this.#at < until) {
      const row = newestOf(this.#held, this.#at)
      const from = this.#at
      let to = from + 1
      const end = Math.min(until, endOf(row))
      if (this.#held.length === 1) to = end
      else while (to < end && newestOf(this.#held, to) === row) to++
      if (this.#last?.row === row && this.#last.to === from) this.#last.to = to
      else {
        if (this.#last) known.push(part(this.#last))
        this.#last = { row, from, to }
      }
      this.#at = to
      this.#held = this.#held.filter((held) => endOf(held) > to)
      this.#at = this.#held.reduce((first, held) => Math.min(first, Math.max(to, held.from)), Infinity)
    }
    return known
  }
}

const endOf = ({ from, items }: ResultRow) => from + items

/** The row that has the last word on an item. One of those held covers it. */
function newestOf(rows: readonly ResultRow[], item: number): ResultRow {
  const covering = rows.filter((row) => row.from <= item && item < endOf(row))
  const confirming = covering.filter(({ from, errors }) => errors?.[item - from] === undefined)
  const [first, ...others] = confirming.length > 0 ? confirming : covering
  return others.reduce((newest, row) => (row.round > newest.round ? row : newest), first!)
}

function part({ row: { errors, ...row }, from, to }: Piece): StoredResult {
  const [first, last] = [from - row.from, to - row.from]
  const failed = Object.entries(errors ?? {}).filter(([place]) => first <= Number(place) && Number(place) < last)
  return {
    ...row,
    from,
    items: to - from,
    results: to - from === row.items ? row.results : row.results.slice(first, last),
    ...(failed.length > 0 && { errors: Object.fromEntries(failed.map(([place, error]) => [Number(place) - first, error])) }),
  }
}
