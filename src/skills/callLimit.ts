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

const watching = new WeakMap<AbortSignal, CallLimit[]>()

/** One listener for all calls of a signal: one for each would cost more than a call, and leave garbage that outlives it. */
function watch(signal: AbortSignal, limit: CallLimit) {
  let limits = watching.get(signal)
  if (!limits) {
    const all: CallLimit[] = []
    signal.addEventListener('abort', () => all.splice(0).forEach((each) => each.cancel()), { once: true })
    watching.set(signal, all)
    limits = all
  }
  limits.push(limit)
}

function unwatch(signal: AbortSignal, limit: CallLimit) {
  const limits = watching.get(signal)
  const i = limits?.indexOf(limit) ?? -1
  if (i >= 0) limits!.splice(i, 1)
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
    watch(options.signal, this)
    if (options.signal.aborted) this.cancel()
  }

  end() {
    this.#clock.clearTimeout(this.#timer)
    unwatch(this.#options.signal, this)
  }

  /** The signal was aborted. */
  cancel() {
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
    this.#timer = this.#clock.setTimeout(() => this.#call.giveUp(reason), Math.min(this.#graceMs, MAX_TIMER_MS))
    this.#call.abort(reason)
  }
}
