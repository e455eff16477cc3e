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

  async end() {
    this.#ended = true
    await this.#sql.end({ timeout: 1 })
  }

  #connect(): Sql {
    const onclose = () => {
      if (this.#ended || this.#sql !== sql) return
      this.#sql = this.#connect()
      // Rejects what waits in it, as if its connection had been lost.
      void sql.end({ timeout: 0 })
      this.#onBroken()
    }
    const sql: Sql = connect(this.#address, { max_lifetime: null, idle_timeout: 0, ...this.#options, onclose })
    return sql
  }
}
