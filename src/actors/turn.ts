/** One at a time, in the order of asking. */
export class Turn {
  #last: Promise<void> = Promise.resolve()

  /** Resolves, when it is one's turn, with how to pass it on. @throws the signal's reason, at once; the turn is passed on when it comes. */
  async take(signal: AbortSignal): Promise<() => void> {
    const before = this.#last
    const mine = Promise.withResolvers<void>()
    this.#last = before.then(() => mine.promise)
    const aborted = Promise.withResolvers<never>()
    const onAbort = () => aborted.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      await Promise.race([before, aborted.promise])
      signal.throwIfAborted()
      return mine.resolve
    } catch (error) {
      mine.resolve()
      throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}
