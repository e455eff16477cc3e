import type { Run, RunCall } from './runHarness.ts'

/** What a store would know of a run, and what it must never be told. */
export class RecoveryStore {
  readonly #run: Run
  /** Confirmed items, by scenario and repetition. */
  readonly #confirmed = new Map<string, Set<number>>()
  readonly #keys = new Set<string>()
  readonly collisions: string[] = []
  readonly twice: string[] = []

  constructor(run: Run) {
    this.#run = run
  }

  confirmed(scenario: string, repetition: number): Set<number> {
    const key = `${scenario} ${repetition}`
    const items = this.#confirmed.get(key) ?? new Set()
    this.#confirmed.set(key, items)
    return items
  }

  /** An outcome is stored. */
  store({ scenario, repetition, round, batch, from, items }: RunCall, ok: boolean) {
    const key = [scenario, repetition, round, batch].join(' ')
    if (this.#keys.has(key)) this.collisions.push(key)
    this.#keys.add(key)
    const confirmed = this.confirmed(scenario, repetition)
    for (let item = from; item < from + items; item++) {
      if (confirmed.has(item)) this.twice.push(`${key} ${item}`)
      if (ok) confirmed.add(item)
    }
  }

  /** Answers every scenario that has asked what is left. @returns whether one had. */
  answer(): boolean {
    let answered = false
    for (const spec of this.#run.state().spec.scenarios) {
      const address = `${spec.variant}/${spec.name}`
      const { fetching, repetition } = this.#run.scenario(address).getSnapshot().context
      if (!fetching) continue
      const confirmed = this.confirmed(address, repetition)
      const ranges: [number, number][] = []
      for (let item = 0; item < spec.size; item++) {
        if (confirmed.has(item)) continue
        const last = ranges.at(-1)
        if (last?.[1] === item) last[1] = item + 1
        else ranges.push([item, item + 1])
      }
      this.#run.found(address, ranges, confirmed.size)
      answered = true
    }
    return answered
  }
}
