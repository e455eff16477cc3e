/**
 * Does `work` for 0 … `count` − 1, in this order, at most `limit` at once. The first failure aborts what is under way; when this settles, all of it
 * has ended.
 *
 * @returns What it gave, in order.
 * @throws the first failure, or the signal's reason where it was aborted before the last one began.
 */
export async function overlap<T>(
  { count, limit, signal }: { count: number; limit: number; signal: AbortSignal },
  work: (index: number, signal: AbortSignal) => Promise<T>,
): Promise<T[]> {
  const failing = new AbortController()
  const either = AbortSignal.any([signal, failing.signal])
  const done: T[] = Array.from({ length: count })
  let next = 0
  const lane = async () => {
    while (next < count && !either.aborted) {
      const index = next++
      done[index] = await work(index, either)
    }
  }
  let failure: { error: unknown } | undefined
  const fail = (error: unknown) => {
    failure ??= { error }
    failing.abort(error)
  }
  await Promise.all(Array.from({ length: Math.min(limit, count) }, () => lane().catch(fail)))
  if (failure) throw failure.error
  if (next < count) throw signal.reason
  return done
}
