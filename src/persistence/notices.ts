import { connect, type Address, type Sql } from './connection.ts'

/** The channels, each with the id of a run for its payload. */
export const EVENTS = 'troupe_events'
export const REQUESTS = 'troupe_requests'

/** A lost notice is made up for after so long. */
const SLOW_POLL_MS = 2_000

interface Listening {
  sql: Sql
  /** Resolves to how to end it; never rejects: what cannot listen is polled for. */
  ready: Promise<(() => Promise<void>) | undefined>
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

  async close() {
    clearInterval(this.#poll)
    this.#watchers.clear()
    await this.#end()
  }

  #listen(): Listening {
    const sql = connect(this.#address, { max_lifetime: null, idle_timeout: 0 })
    const ready = sql
      .listen(this.#channel, (run) => this.#wake(run))
      .then(
        ({ unlisten }) => unlisten,
        () => undefined,
      )
    return { sql, ready }
  }

  async #end() {
    const listening = this.#listening
    this.#listening = undefined
    if (!listening) return
    // A client that is ended while it listens would connect again.
    const unlisten = await listening.ready
    await unlisten?.().catch(() => {})
    await listening.sql.end({ timeout: 1 })
  }

  /** `null`: something may have happened. */
  #wake(news: string | null) {
    for (const [onNews, run] of this.#watchers) {
      if (news === null ? run !== null : run === null || run === news) onNews(run ?? news!)
    }
  }
}
