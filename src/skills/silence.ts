import { MAX_TIMER_MS } from '../clock.ts'

/**
 * Calls back once nothing was heard for `ms`. A timer comes before what has arrived meanwhile: a process that was too busy for so long
 * listens once more before it takes that for silence.
 */
export class Silence {
  readonly #ms: number
  readonly #then: () => void
  #heard = false
  #timer: NodeJS.Timeout | undefined
  #look: NodeJS.Immediate | undefined

  constructor(ms: number, then: () => void) {
    this.#ms = ms
    this.#then = then
    this.#wait()
  }

  heard() {
    this.#heard = true
  }

  stop() {
    clearTimeout(this.#timer)
    clearImmediate(this.#look)
  }

  #wait() {
    this.#heard = false
    this.#timer = setTimeout(
      () => {
        this.#look = setImmediate(() => (this.#heard ? this.#wait() : this.#then()))
      },
      Math.min(this.#ms, MAX_TIMER_MS),
    )
  }
}
