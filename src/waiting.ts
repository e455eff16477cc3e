/** Told, in a line, what is being done or waited for. */
export type Say = (line: string) => void

interface During {
  /** From then on people wonder, ms. Default 300. */
  afterMs?: number
  /** How often it is said again, ms. Default 10 000. */
  everyMs?: number
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
  { afterMs = 300, everyMs = 10_000, limitMs }: During = {},
): Promise<T> {
  if (!say) return work()
  const began = performance.now()
  const tell = (isFirst: boolean) => {
    const now = what()
    if (now !== null) say(isFirst ? now : `${now}: ${Math.round((performance.now() - began) / 1_000)} s by now, ${ends(limitMs)}`)
    timer = setTimeout(tell, everyMs, isFirst && now === null).unref()
  }
  let timer = setTimeout(tell, afterMs, true).unref()
  try {
    return await work()
  } finally {
    clearTimeout(timer)
  }
}

const ends = (limitMs: number | undefined) => (limitMs === undefined ? 'until it is done' : `${Math.round(limitMs / 1_000)} s at most`)
