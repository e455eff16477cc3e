import { TroupeClosedError } from '../errors.ts'

/** Lets runs begin until it is closed. */
export class Entrance {
  readonly #closed = Promise.withResolvers<never>()
  /** Runs that are being opened. */
  readonly #inside = new Set<Promise<unknown>>()
  readonly #leaving = new AbortController()

  constructor() {
    this.#closed.promise.catch(() => {})
  }

  /** Aborted when it is closed: what is being prepared is given up. */
  get signal(): AbortSignal {
    return this.#leaving.signal
  }

  /** @throws {TroupeClosedError} */
  check() {
    this.signal.throwIfAborted()
  }

  /** Rejects as soon as the entrance is closed, whatever is being loaded then. What goes on meanwhile finds it closed, and begins nothing. */
  async unlessClosed<T>(start: () => Promise<T>): Promise<T> {
    this.check()
    return Promise.race([start(), this.#closed.promise])
  }

  /** Work that a close waits for: a run is opened whole, or given up again. */
  async whole<T>(open: () => Promise<T>): Promise<T> {
    this.check()
    const opening = open()
    this.#inside.add(opening)
    return opening.finally(() => this.#inside.delete(opening))
  }

  async close() {
    const why = new TroupeClosedError()
    this.#leaving.abort(why)
    this.#closed.reject(why)
    await Promise.allSettled(this.#inside)
  }
}
