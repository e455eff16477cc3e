import { Intervals } from '../actors/intervals.ts'
import type { BatchFact, Fact } from '../persistence/facts.ts'
import { type StoredPrograms, storedPrograms } from './skillChanges.ts'
import type { BatchSums, Store, StoredCheckpoint, StoredMilestone } from '../persistence/store.ts'

/** The rows that a report is made of. */
export interface ReportRows {
  checkpoints: Omit<StoredCheckpoint, 'sequence'>[]
  milestones: StoredMilestone[]
  sums: BatchSums[]
  programs: StoredPrograms[]
}

export async function storedRows(store: Store, run: string): Promise<ReportRows> {
  const read = [store.checkpoints(run), store.milestones(run), store.sums(run), storedPrograms(store, run)] as const
  const [checkpoints, milestones, sums, programs] = await Promise.all(read)
  return { checkpoints, milestones, sums, programs }
}

interface Timed {
  of: BatchFact
  intervals: Intervals
  items: number
  cpuMs: number | null
}

/** The same rows, as they pass on their way to the store: a process that wrote all of a run need not read it again. */
export class PassingRows {
  readonly #checkpoints: ReportRows['checkpoints'] = []
  readonly #milestones = new Map<string, StoredMilestone>()
  readonly #timed = new Map<string, Timed>()
  batches = 0

  note(facts: readonly Fact[]) {
    for (const fact of facts) {
      if (fact.kind === 'batch') this.#count(fact)
      else if (fact.kind === 'checkpoint') this.#checkpoints.push(fact)
      else if (fact.kind === 'milestone') this.#noteMilestone(fact)
    }
  }

  get rows(): ReportRows {
    const sums = [...this.#timed.values()].map(({ of: { variant, scenario, repetition }, intervals, items, cpuMs }) => {
      return { variant, scenario, repetition, timedActiveMs: intervals.ms, timedItems: items, cpuMs }
    })
    const milestones = [...this.#milestones.values()].sort((a, b) => a.repetition - b.repetition || a.pct - b.pct)
    // One process loads its skills once.
    return { checkpoints: this.#checkpoints, milestones, sums, programs: [] }
  }

  #count(fact: BatchFact) {
    const key = `${fact.variant}/${fact.scenario}/${fact.repetition}`
    const timed = this.#timed.get(key) ?? { of: fact, intervals: new Intervals(), items: 0, cpuMs: null }
    this.#timed.set(key, timed)
    this.batches++
    if (fact.cpuMs !== null) timed.cpuMs = (timed.cpuMs ?? 0) + fact.cpuMs
    if (fact.warmup) return
    timed.intervals.add(fact.startedAt, fact.activeMs)
    timed.items += fact.processed
  }

  /** A milestone is stored once. */
  #noteMilestone(fact: StoredMilestone) {
    const key = `${fact.repetition}/${fact.pct}`
    if (!this.#milestones.has(key)) this.#milestones.set(key, fact)
  }
}

/** The rows of a run that ends: read only where another process wrote some of them. `facts`: what is stored together with the report. */
export async function finalRows(
  store: Store,
  run: string,
  { passing, scenarios, facts }: { passing: PassingRows | undefined; scenarios: readonly { batches: number }[]; facts: readonly Fact[] },
): Promise<ReportRows> {
  const isComplete = passing && passing.batches === scenarios.reduce((sum, { batches }) => sum + batches, 0)
  const before = isComplete ? passing.rows : await storedRows(store, run)
  const last = new PassingRows()
  last.note(facts)
  return {
    ...before,
    checkpoints: [...before.checkpoints, ...last.rows.checkpoints],
    milestones: [...before.milestones, ...last.rows.milestones],
  }
}
