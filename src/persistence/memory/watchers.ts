interface Watcher {
  run: string | null
  onNews: (run: string) => void
}

/** Those who wait for news of a run, or of any. They are called later, never from within the write that made the news. */
export class Watchers {
  readonly #watchers = new Set<Watcher>()

  watch(run: string | null, onNews: (run: string) => void): () => Promise<void> {
    const watcher = { run, onNews }
    this.#watchers.add(watcher)
    return async () => {
      this.#watchers.delete(watcher)
    }
  }

  tell(run: string) {
    for (const watcher of this.#watchers) {
      if (watcher.run !== null && watcher.run !== run) continue
      setImmediate(() => {
        if (this.#watchers.has(watcher)) watcher.onNews(run)
      })
    }
  }

  close() {
    this.#watchers.clear()
  }
}
