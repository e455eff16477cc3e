import { wait, type Clock } from '../clock.ts'
import { DatabaseLostError } from '../errors.ts'
import { unlessAborted } from '../waiting.ts'
import type { Client } from './client.ts'
import { classifyDatabaseError, type Sql } from './connection.ts'

const FIRST_RETRY_MS = 50
const MAX_RETRY_MS = 2_000

export interface ReadOptions {
  clock: Clock
  /** How long a lost database is waited for, ms. */
  retryForMs: number
  /** Starts the server again, where it is ours. */
  revive?: () => Promise<void>
  /** Ends the wait, with its reason. */
  signal?: AbortSignal
}

export type Read = <T>(query: (sql: Sql) => Promise<T>) => Promise<T>

/** What only reads is asked again while the database is away. @throws {DatabaseLostError} when that takes too long. */
export function patientReads(client: Client, { clock, retryForMs, revive, signal }: ReadOptions): Read {
  return async (query) => {
    let until: number | undefined
    for (let delay = FIRST_RETRY_MS; ; delay = Math.min(delay * 2, MAX_RETRY_MS)) {
      try {
        return await query(client.sql)
      } catch (error) {
        if (classifyDatabaseError(error) !== 'connection') throw error
        signal?.throwIfAborted()
        until ??= clock.now() + retryForMs
        if (clock.now() >= until) throw new DatabaseLostError(retryForMs, error)
        if (revive) await unlessAborted(revive(), signal).catch(() => {})
        await wait(clock, delay, signal)
      }
    }
  }
}
