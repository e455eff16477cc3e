import type { Clock } from '../clock.ts'

interface Part {
  from: number
  to: number
  ms: number
}

/** A call that ends may still overlap one of so many parts; what is older is over. */
const MAX_PARTS = 64

/**
 * The time in which at least one batch of a scenario is in a skill call: the union over its lanes, ms.
 * What counts is when and for how long the skill itself says that it ran.
 */
export class Activity {
  readonly #clock: Clock
  #spentMs: number
  /** When the calls began that are under way, on our clock. */
  #open: number[] = []
  /** What has ended since none was under way; no two of them overlap. */
  #parts: Part[] = []
  /** Told when a call begins while no other is under way. */
  onBegin: (() => void) | undefined

  constructor(clock: Clock, spentMs: number) {
    this.#clock = clock
    this.#spentMs = spentMs
  }

  /** Counts from `spentMs` on: what a scenario says of itself goes before what this process has seen of it. */
  startFrom(spentMs: number) {
    this.#spentMs = spentMs
    this.#parts = []
  }

  /** @returns what names the call when it ends. */
  begin(): number {
    const begunAt = this.#clock.now()
    this.#open.push(begunAt)
    if (this.#open.length === 1) this.onBegin?.()
    return begunAt
  }

  /** `startedAt`, `activeMs`: as measured where the skill ran. */
  end(begunAt: number, startedAt: number, activeMs: number) {
    this.#open.splice(this.#open.indexOf(begunAt), 1)
    this.#add({ from: startedAt, to: startedAt + activeMs, ms: activeMs })
    if (this.#open.length > 0) return
    this.#spentMs = this.spentMs
    this.#parts = []
  }

  #add(part: Part) {
    const overlaps = (p: Part) => p.from < part.to && part.from < p.to
    const joined = [part, ...this.#parts.filter(overlaps)]
    const from = Math.min(...joined.map((p) => p.from))
    const to = Math.max(...joined.map((p) => p.to))
    // A call alone says its length more exactly than the difference of two instants.
    this.#parts = [...this.#parts.filter((p) => !overlaps(p)), { from, to, ms: joined.length === 1 ? part.ms : to - from }]
    if (this.#parts.length > MAX_PARTS) this.#spentMs += this.#parts.shift()!.ms
  }

  /** Of the calls that have ended. */
  get spentMs(): number {
    return this.#parts.reduce((sum, { ms }) => sum + ms, this.#spentMs)
  }

  /** Up to now, the calls that are under way included. */
  get runningMs(): number {
    if (this.idle) return this.#spentMs
    const since = Math.min(...this.#open)
    const before = this.#parts.reduce((sum, { from, to, ms }) => sum + (to <= since ? ms : Math.max(0, since - from)), 0)
    return this.#spentMs + before + Math.max(0, this.#clock.now() - since)
  }

  get idle(): boolean {
    return this.#open.length === 0
  }
}
