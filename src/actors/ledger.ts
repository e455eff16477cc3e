import type { Fact, RunRef } from '../persistence/facts.ts'
import type { Journal } from '../persistence/journal.ts'
import { Tenure } from './tenure.ts'

export type Durability = 'batch' | 'pipelined' | 'milestone' | 'exit'

/** A weaker durability holds at most so much back, in bytes of results. */
const MAX_HELD_BYTES = 16 * 1024 * 1024

/**
 * What one run writes, by the rules of its durability: `batch` and `pipelined` hand everything on at once, `milestone` holds outcomes back until a
 * milestone, `exit` until the status changes. Whatever is written takes along what was held back, in order.
 */
export class Ledger {
  readonly #journal: Journal
  readonly #run: RunRef
  readonly #holds: boolean
  readonly #durability: Durability
  readonly #onFatal: (error: unknown) => void
  readonly #onPassing: (facts: readonly Fact[]) => void
  /** Whether the run is still ours: asked before each call. */
  readonly tenure: Tenure
  #held: Fact[] = []
  #heldBytes = 0
  #gate: Promise<void> | undefined
  #last: Promise<void> = Promise.resolve()

  /** @param onPassing Hears of everything on its way to the journal. */
  constructor(
    journal: Journal,
    run: RunRef,
    durability: Durability,
    onFatal: (error: unknown) => void,
    onPassing: (facts: readonly Fact[]) => void = () => {},
    monotonic?: () => number,
  ) {
    this.#journal = journal
    this.#run = run
    this.#durability = durability
    this.#holds = durability === 'milestone' || durability === 'exit'
    this.#onFatal = onFatal
    this.#onPassing = onPassing
    this.tenure = new Tenure(journal.confirm && (() => journal.confirm!(run)), monotonic)
  }

  /** Stores what somebody waits for: resolves when it is durable, or held back as the durability allows. */
  settle(facts: readonly Fact[]): Promise<void> {
    if (!this.#holds) return this.#append(facts)
    this.#hold(facts)
    return this.#heldBytes > MAX_HELD_BYTES ? this.#append([]) : Promise.resolve()
  }

  /** Stores what nobody waits for. `milestone`: a good moment to write what was held back. */
  record(facts: readonly Fact[], moment: 'milestone' | 'none' = 'none') {
    if (this.#durability === 'exit' || (this.#holds && moment === 'none')) return this.#hold(facts)
    this.#append(facts).catch(this.#onFatal)
  }

  /** Stores a change of status: no effect starts before it is durable. */
  commit(facts: readonly Fact[]): Promise<void> {
    const written = this.#append(facts)
    const gate = written.then(() => {
      if (this.#gate === gate) this.#gate = undefined
    })
    gate.catch(() => {})
    this.#gate = gate
    written.catch(this.#onFatal)
    return written
  }

  /** What an effect has to wait for, if anything. Rejects if the change could not be stored: then nothing may begin. */
  ready(): Promise<void> | undefined {
    return this.#gate
  }

  /** Everything so far is durable. */
  drain(): Promise<void> {
    return this.#held.length > 0 ? this.#append([]) : this.#last
  }

  #hold(facts: readonly Fact[]) {
    for (const fact of facts) {
      this.#held.push(fact)
      if (fact.kind === 'batch') this.#heldBytes += fact.result?.length ?? 0
      else if (fact.kind === 'kept') this.#heldBytes += fact.results.length
    }
  }

  #append(facts: readonly Fact[]): Promise<void> {
    const all = this.#held.length > 0 ? [...this.#held, ...facts] : facts
    this.#held = []
    this.#heldBytes = 0
    this.#onPassing(all)
    const written = this.#journal.append(this.#run, all)
    if (all.length > 0) this.tenure.confirmedBy(written)
    this.#last = written
    return written
  }
}
