/** Told, in a line, what is being done or waited for. */
export interface Say {
  /** @param before The line of before that this one brings up to date. */
  (line: string, before?: string): void
  /** How often a line is brought up to date, ms. Default 10 000. */
  readonly everyMs?: number
}

interface During {
  /** From then on people wonder, ms. Default 300. */
  afterMs?: number
  /** For how long it is waited at most, where anything but the work itself ends it, ms. */
  limitMs?: number
}

/**
 * Does something, and says what where it takes its time, so that nothing waits in silence. In real time, whatever clock a run has.
 *
 * @param what As it is now; `null` where somebody else says it.
 */
export async function during<T>(
  say: Say | undefined,
  what: () => string | null,
  work: () => Promise<T>,
  { afterMs = 300, limitMs }: During = {},
): Promise<T> {
  if (!say) return work()
  const { everyMs = 10_000 } = say
  const began = performance.now()
  let before: string | undefined
  const tell = () => {
    const now = what()
    if (now !== null) {
      const line = before === undefined ? now : `${now}: ${Math.round((performance.now() - began) / 1_000)} s by now, ${ends(limitMs)}`
      say(line, before)
      before = line
    }
    timer = setTimeout(tell, everyMs).unref()
  }
  let timer = setTimeout(tell, afterMs).unref()
  try {
    return await work()
  } finally {
    clearTimeout(timer)
  }
}

/** Says the same without secrets. */
export const redacted = (say: Say, redact: (text: string) => string): Say => {
  const clean = (line: string, before?: string) => say(redact(line), before === undefined ? undefined : redact(before))
  return Object.assign(clean, say.everyMs !== undefined && { everyMs: say.everyMs })
}

/** What a promise comes to, or a rejection with the signal's reason if that is aborted first. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

const ends = (limitMs: number | undefined) => (limitMs === undefined ? 'until it is done' : `${Math.round(limitMs / 1_000)} s at most`)
