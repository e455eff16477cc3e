import { connect, type Address, type Sql } from './connection.ts'

/** The channels, each with the id of a run for its payload. */
export const EVENTS = 'troupe_events'
export const REQUESTS = 'troupe_requests'

/** A lost notice is made up for after so long. */
const SLOW_POLL_MS = 2_000

interface Listening {
  sql: Sql
  /** Never rejects: what cannot listen is polled for. */
  ready: Promise<unknown>
}

/** Wakes those who wait for news of a run: by LISTEN on one channel, with a slow poll behind it. One connection, opened when somebody watches. */
export class Notices {
  readonly #address: Address
  readonly #channel: string
  readonly #watchers = new Map<(run: string) => void, string | null>()
  #listening: Listening | undefined
  #poll: NodeJS.Timeout | undefined

  constructor(address: Address, channel: string) {
    this.#address = address
    this.#channel = channel
  }

  async watch(run: string | null, onNews: (run: string) => void): Promise<() => Promise<void>> {
    this.#watchers.set(onNews, run)
    this.#poll ??= setInterval(() => this.#wake(null), SLOW_POLL_MS).unref()
    this.#listening ??= this.#listen()
    await this.#listening.ready
    return async () => {
      this.#watchers.delete(onNews)
    }
  }

  /** After the database was away: listens anew, and wakes everybody, who may have missed something. */
  async reconnect() {
    if (!this.#listening) return
    await this.#end()
    this.#listening = this.#listen()
    this.#wake(null)
  }

  async close({ timeout = 1 }: { timeout?: number } = {}) {
    clearInterval(this.#poll)
    this.#watchers.clear()
    await this.#end(timeout)
  }

  #listen(): Listening {
    const sql = connect(this.#address, { max_lifetime: null, idle_timeout: 0 })
    const ready = sql.listen(this.#channel, (run) => this.#wake(run)).catch(() => {})
    return { sql, ready }
  }

  async #end(timeout = 1) {
    const listening = this.#listening
    this.#listening = undefined
    // Whether or not the server answers: it forgets who listened when the connection ends.
    await listening?.sql.end({ timeout })
  }

  /** `null`: something may have happened. */
  #wake(news: string | null) {
    for (const [onNews, run] of this.#watchers) {
      if (news === null ? run !== null : run === null || run === news) onNews(run ?? news!)
    }
  }
}
