/**
 * Where time comes from. Injected everywhere, so that tests move it instead of sleeping; XState's `SimulatedClock` is one.
 * `now` is in epoch ms, delays are in ms.
 */
export interface Clock {
  now(): number
  setTimeout(fn: (...args: unknown[]) => void, delayMs: number): unknown
  clearTimeout(id: unknown): void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (fn, delayMs) => setTimeout(fn, delayMs),
  clearTimeout: (id) => clearTimeout(id as NodeJS.Timeout | undefined),
}

/** Node fires a timer beyond this at once (2³¹ − 1 ms, 24.8 days): longer waits are chained. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** Resolves after `delayMs` of `clock`; rejects with the signal's reason when it is aborted first. */
export function wait(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clock.clearTimeout(timer)
      reject(signal!.reason)
    }
    let timer: unknown
    const until = clock.now() + delayMs
    const arm = (leftMs: number) => {
      const isLast = leftMs <= MAX_TIMER_MS
      timer = clock.setTimeout(
        () => {
          if (!isLast) return arm(Math.max(0, until - clock.now()))
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
        isLast ? leftMs : MAX_TIMER_MS,
      )
    }
    arm(delayMs)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
