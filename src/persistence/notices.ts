import { connect, type Address, type Sql } from './connection.ts'

/** A lost notice is made up for after so long. */
const SLOW_POLL_MS = 2_000

/** Wakes those who wait for news of a run: by LISTEN, with a slow poll behind it. One connection, opened when somebody watches. */
export class Notices {
  readonly #address: Address
  readonly #watchers = new Map<(run: string) => void, string | null>()
  #sql: Sql | undefined
  #listening: Promise<unknown> | undefined
  #poll: NodeJS.Timeout | undefined

  constructor(address: Address) {
    this.#address = address
  }

  async watch(run: string | null, onNews: (run: string) => void): Promise<() => Promise<void>> {
    this.#watchers.set(onNews, run)
    this.#poll ??= setInterval(() => this.#wake(null), SLOW_POLL_MS).unref()
    if (!this.#listening) {
      this.#sql = connect(this.#address, { max_lifetime: null, idle_timeout: 0 })
      this.#listening = this.#sql.listen('troupe', (news) => this.#wake(news)).catch(() => {
        this.#listening = undefined
      })
    }
    await this.#listening
    return async () => {
      this.#watchers.delete(onNews)
    }
  }

  async close() {
    clearInterval(this.#poll)
    this.#watchers.clear()
    await this.#sql?.end({ timeout: 1 })
  }

  /** `null`: something may have happened. */
  #wake(news: string | null) {
    const runs = news === null ? null : new Set(news.split(' '))
    for (const [onNews, run] of this.#watchers) {
      if (runs === null ? run !== null : run === null || runs.has(run)) onNews(run ?? news!)
    }
  }
}
