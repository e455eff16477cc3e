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
    void old.end({ timeout: 0 })
    this.#onBroken()
  }

  async end() {
    this.#ended = true
    await this.#sql.end({ timeout: 1 })
  }

  #connect(): Sql {
    const onclose = () => {
      if (this.#sql === sql) this.renew()
    }
    const sql: Sql = connect(this.#address, { max_lifetime: null, idle_timeout: 0, ...this.#options, onclose })
    return sql
  }
}
