import type { Options } from 'postgres'
import { connect, type Address, type Sql } from './connection.ts'

/**
 * A client that is replaced when one of its connections breaks. postgres.js goes on with what a broken connection had not sent, and with the error
 * it was told: both would spoil the next one, and a query could wait for ever.
 */
export class Client {
  readonly #address: Address
  readonly #options: Options<Record<string, never>>
  readonly #onBroken: () => void
  #sql: Sql
  /** Those that were replaced, on their way out. */
  readonly #replaced = new Set<Promise<void>>()
  #ended = false

  /** @param onBroken Told when the client has been replaced. */
  constructor(address: Address, options: Options<Record<string, never>>, onBroken: () => void = () => {}) {
    this.#address = address
    this.#options = options
    this.#onBroken = onBroken
    this.#sql = this.#connect()
  }

  /** For one query: after it, it may be another. */
  get sql(): Sql {
    return this.#sql
  }

  /** Goes on with new connections. What waits in the old ones is rejected, as if they had been lost. */
  renew() {
    if (this.#ended) return
    const old = this.#sql
    this.#sql = this.#connect()
    const leaving = old.end({ timeout: 0 }).finally(() => this.#replaced.delete(leaving))
    this.#replaced.add(leaving)
    this.#onBroken()
  }

  /** `timeout`: for what is under way, s; then it is rejected. */
  async end({ timeout = 1 }: { timeout?: number } = {}) {
    this.#ended = true
    await Promise.all([this.#sql.end({ timeout }), ...this.#replaced])
  }

  #connect(): Sql {
    const onclose = () => {
      if (this.#sql === sql) this.renew()
    }
    const sql: Sql = connect(this.#address, { max_lifetime: null, idle_timeout: 0, ...this.#options, onclose })
    return sql
  }
}
