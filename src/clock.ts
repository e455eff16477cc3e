/**
 * Where time comes from. Injected everywhere, so that tests move it instead of sleeping; XState's `SimulatedClock` is one.
 * `now` is in epoch ms, delays are in ms.
 */
export interface Clock {
  /** Never less than it was before. */
  now(): number
  setTimeout(fn: (...args: unknown[]) => void, delayMs: number): unknown
  clearTimeout(id: unknown): void
}

/** Of the time that passes: a clock that is ahead goes slower by this. Deadlines come late by no more. */
const CATCH_UP = 0.01

/**
 * The time of the wall, but what it measures is the time that passes. Where the wall's clock jumps forward (a machine that slept, a clock that
 * is put right), it follows at once. Where it is set back, it goes on as if nothing had happened, and comes nearer to it by one part in a hundred.
 *
 * @param wall Epoch ms. @param monotonic Any unit of ms that never goes back.
 */
export function createNow({ wall, monotonic }: { wall: () => number; monotonic: () => number }): () => number {
  let measured = monotonic()
  let now = wall()
  return () => {
    const passed = monotonic() - measured
    measured += passed
    now = Math.max(wall(), now + passed * (1 - CATCH_UP))
    return Math.floor(now)
  }
}

/** Node fires a timer beyond this at once (2³¹ − 1 ms, 24.8 days): longer waits are chained. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** A chain of timers, none of which is too long for Node. */
class LongTimer {
  #timer: NodeJS.Timeout | undefined

  constructor(fn: () => void, delayMs: number) {
    this.#arm(fn, delayMs)
  }

  clear() {
    clearTimeout(this.#timer)
  }

  #arm(fn: () => void, leftMs: number) {
    const isLast = leftMs <= MAX_TIMER_MS
    this.#timer = setTimeout(isLast ? fn : () => this.#arm(fn, leftMs - MAX_TIMER_MS), isLast ? leftMs : MAX_TIMER_MS)
  }
}

export const systemClock: Clock = {
  now: createNow({ wall: () => Date.now(), monotonic: () => performance.now() }),
  setTimeout: (fn, delayMs) => (delayMs > MAX_TIMER_MS ? new LongTimer(fn, delayMs) : setTimeout(fn, delayMs)),
  clearTimeout: (id) => (id instanceof LongTimer ? id.clear() : clearTimeout(id as NodeJS.Timeout | undefined)),
}

/** Resolves after `delayMs` of `clock`; rejects with the signal's reason when it is aborted first. */
export function wait(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clock.clearTimeout(timer)
      reject(signal!.reason)
    }
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
