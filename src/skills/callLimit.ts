import { type Clock, MAX_TIMER_MS } from '../clock.ts'
import { BatchTimeoutError } from '../errors.ts'
import type { CallOptions } from './skill.ts'

/** Reached by a limit, in this order, each at most once. */
export interface LimitedCall {
  /** Time is up, or the caller aborted: the skill is to be told `reason`. */
  abort(reason: unknown): void
  /** The skill went on for `graceMs` after that. */
  giveUp(reason: unknown): void
}

/** The limits of one call that has begun: its time-out, its caller's signal, and the grace after either. `end()` lets go of them. */
export class CallLimit {
  /** Why the call was aborted, once it was. */
  reason: unknown
  aborted = false
  timedOut = false
  readonly #call: LimitedCall
  readonly #batch: number
  readonly #options: CallOptions
  readonly #clock: Clock
  readonly #graceMs: number
  #timer: unknown

  constructor(call: LimitedCall, batch: number, options: CallOptions, { clock, graceMs }: { clock: Clock; graceMs: number }) {
    this.#call = call
    this.#batch = batch
    this.#options = options
    this.#clock = clock
    this.#graceMs = graceMs
    this.#timer = clock.setTimeout(() => this.#timeOut(), Math.min(options.timeoutMs, MAX_TIMER_MS))
    options.signal.addEventListener('abort', this)
    if (options.signal.aborted) this.handleEvent()
  }

  end() {
    this.#clock.clearTimeout(this.#timer)
    this.#options.signal.removeEventListener('abort', this)
  }

  /** The signal was aborted. */
  handleEvent() {
    this.#abort(this.#options.signal.reason)
  }

  /** What a call that failed with `error` failed with: an abort is the reason for all that follows it. */
  failure(error: unknown): unknown {
    return this.aborted ? this.reason : error
  }

  #timeOut() {
    this.timedOut = true
    this.#abort(new BatchTimeoutError(this.#batch, this.#options.timeoutMs))
  }

  #abort(reason: unknown) {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    this.end()
    this.#timer = this.#clock.setTimeout(() => this.#call.giveUp(reason), this.#graceMs)
    this.#call.abort(reason)
  }
}
