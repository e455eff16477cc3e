/** One at a time, in the order of asking. */
export class Turn {
  #last: Promise<void> = Promise.resolve()

  /** Resolves, when it is one's turn, with how to pass it on. @throws the signal's reason; the turn is passed on then. */
  async take(signal: AbortSignal): Promise<() => void> {
    const before = this.#last
    const mine = Promise.withResolvers<void>()
    this.#last = before.then(() => mine.promise)
    await before
    if (!signal.aborted) return mine.resolve
    mine.resolve()
    throw signal.reason
  }
}
