import type { BatchPlace, Fact } from './facts.ts'

/** Items of a run whose outcomes are not known to be stored. */
export interface Unwritten {
  run: string
  items: number
}

/** Counts the items whose outcomes were given up with what could not be written: they may have been paid for. */
export class UnwrittenItems {
  /** By run, then by batch. */
  readonly #runs = new Map<string, Map<string, number>>()

  note(run: string, facts: readonly Fact[]) {
    const batches = this.#runs.get(run) ?? new Map<string, number>()
    this.#runs.set(run, batches)
    // The outcome of a batch is that of all its items, those included that were kept before.
    for (const fact of facts) {
      if (fact.kind === 'batch') batches.set(placeOf(fact), fact.items)
      else if (fact.kind === 'kept') batches.set(placeOf(fact), sizeOf(fact.results) + sizeOf(fact.errors))
    }
  }

  of(run: string): Unwritten {
    return { run, items: [...(this.#runs.get(run)?.values() ?? [])].reduce((sum, items) => sum + items, 0) }
  }

  all(): Unwritten[] {
    return [...this.#runs.keys()].map((run) => this.of(run))
  }
}

const placeOf = ({ variant, scenario, repetition, round, batch }: BatchPlace) =>
  JSON.stringify([variant, scenario, repetition, round, batch])

const sizeOf = (object: string) => Object.keys(JSON.parse(object) as object).length
