/** For how long an owner that hears nothing of its run takes it to be its own, ms. */
const BELIEVED_MS = 3_000

/**
 * Whether a run is still this process's own, as far as it knows. A process that was stopped, or whose host slept, may have been overtaken: then it
 * asks before it begins anything. Measured from when it asked, not from when it was answered, for it may have been stopped in between.
 */
export class Tenure {
  readonly #confirm: (() => Promise<void>) | undefined
  readonly #monotonic: () => number
  #confirmedAt = -Infinity
  #asking: Promise<void> | undefined

  /** @param confirm Asks the database; without it nobody can overtake us. */
  constructor(confirm: (() => Promise<void>) | undefined, monotonic: () => number = () => performance.now()) {
    this.#confirm = confirm
    this.#monotonic = monotonic
  }

  get isSure(): boolean {
    return this.#confirm === undefined || this.#monotonic() - this.#confirmedAt <= BELIEVED_MS
  }

  /** What a call has to wait for; in most cases nothing. Rejects if the run is another's by now. */
  sure(): Promise<void> | undefined {
    if (this.isSure) return undefined
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined))
    return this.#asking
  }

  /** Something was written: only the owner's is. */
  confirmedBy(written: Promise<void>) {
    if (this.#confirm === undefined) return
    const askedAt = this.#monotonic()
    written.then(
      () => (this.#confirmedAt = Math.max(this.#confirmedAt, askedAt)),
      () => {},
    )
  }

  /** An answer that took too long is no answer: it may have waited for us, not we for it. */
  async #ask() {
    while (!this.isSure) {
      const confirmed = this.#confirm!()
      this.confirmedBy(confirmed)
      await confirmed
    }
  }
}
