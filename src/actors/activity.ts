import type { Clock } from '../clock.ts'

/**
 * The time in which at least one batch of a scenario is in a skill call: the union over its lanes, ms.
 * Calls that overlap form an episode, which lasts from the first start to the last end, on the skill's own clock.
 */
export class Activity {
  readonly #clock: Clock
  #spentMs: number
  #calls = 0
  #callsOfEpisode = 0
  #beganAt = 0
  #from = Infinity
  #to = -Infinity
  /** Told when an episode begins. */
  onBegin: (() => void) | undefined

  constructor(clock: Clock, spentMs: number) {
    this.#clock = clock
    this.#spentMs = spentMs
  }

  begin() {
    this.#callsOfEpisode++
    if (this.#calls++ > 0) return
    this.#beganAt = this.#clock.now()
    this.onBegin?.()
  }

  /** `startedAt`, `activeMs`: as measured where the skill ran. */
  end(startedAt: number, activeMs: number) {
    this.#from = Math.min(this.#from, startedAt)
    this.#to = Math.max(this.#to, startedAt + activeMs)
    if (--this.#calls > 0) return
    // One call alone says it more exactly than the difference of two instants.
    this.#spentMs += this.#callsOfEpisode === 1 ? activeMs : this.#to - this.#from
    this.#callsOfEpisode = 0
    this.#from = Infinity
    this.#to = -Infinity
  }

  /** Up to the last call that has ended. */
  get spentMs(): number {
    return this.#spentMs + Math.max(0, this.#to - this.#from)
  }

  /** Up to now, a call that is under way included. */
  get runningMs(): number {
    return this.#calls === 0 ? this.#spentMs : this.#spentMs + Math.max(0, this.#clock.now() - Math.min(this.#beganAt, this.#from))
  }

  get idle(): boolean {
    return this.#calls === 0
  }
}
