import type { Clock } from '../clock.ts'
import { Intervals } from './intervals.ts'

/**
 * The time in which at least one batch of a scenario is in a skill call: the union over its lanes, ms.
 * What counts is when and for how long the skill itself says that it ran.
 */
export class Activity {
  readonly #clock: Clock
  #spentMs: number
  /** When the calls began that are under way, on our clock. */
  #open: number[] = []
  /** What has ended since none was under way, while there are others. */
  #ended: Intervals | undefined
  /** Told when a call begins while no other is under way. */
  onBegin: (() => void) | undefined

  constructor(clock: Clock, spentMs: number) {
    this.#clock = clock
    this.#spentMs = spentMs
  }

  /** Counts from `spentMs` on: what a scenario says of itself goes before what this process has seen of it. */
  startFrom(spentMs: number) {
    this.#spentMs = spentMs
    this.#ended = undefined
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
    const isLast = this.#open.length === 0
    if (isLast && !this.#ended) {
      this.#spentMs += activeMs
      return
    }
    this.#ended ??= new Intervals()
    this.#ended.add(startedAt, activeMs)
    if (!isLast) return
    this.#spentMs = this.spentMs
    this.#ended = undefined
  }

  /** Of the calls that have ended. */
  get spentMs(): number {
    return this.#spentMs + (this.#ended?.ms ?? 0)
  }

  /** Up to now, the calls that are under way included. */
  get runningMs(): number {
    if (this.idle) return this.#spentMs
    const since = Math.min(...this.#open)
    return this.#spentMs + (this.#ended?.msBefore(since) ?? 0) + Math.max(0, this.#clock.now() - since)
  }

  get idle(): boolean {
    return this.#open.length === 0
  }
}
