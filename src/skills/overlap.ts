/** What the work at one place came to. */
export interface Overlapped<T = unknown> {
  value?: T
  /** Not `undefined` where it failed. */
  error?: unknown
}

/**
 * Does `work` for 0 … `count` − 1, in this order, at most `limit` at once. A failure ends nothing else, unless `ends` says so; then, and when the signal
 * is aborted, nothing further begins, and what has not begun has failed with the same error.
 *
 * @returns what each came to, when all of them have ended.
 */
export async function overlap<T>(
  { count, limit, signal, ends }: { count: number; limit: number; signal: AbortSignal; ends: (error: unknown) => boolean },
  work: (index: number) => Promise<T>,
): Promise<Overlapped<T>[]> {
  const outcomes: Overlapped<T>[] = []
  let over: { error: unknown } | undefined
  let next = 0
  const lane = async () => {
    while (next < count && !over && !signal.aborted) {
      const index = next++
      try {
        outcomes[index] = { value: await work(index) }
      } catch (error) {
        outcomes[index] = { error: error ?? new Error(String(error)) }
        if (ends(error)) over ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, count) }, lane))
  for (; next < count; next++) outcomes[next] = { error: over ? over.error : signal.reason }
  return outcomes
}
