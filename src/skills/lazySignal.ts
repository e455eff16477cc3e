/** An abort signal that is made when somebody asks for it: most skills never do. */
export class LazySignal {
  #controller: AbortController | undefined
  #aborted = false
  #reason: unknown

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  abort(reason: unknown) {
    this.#aborted = true
    this.#reason = reason
    this.#controller?.abort(reason)
  }
}
