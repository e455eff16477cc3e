import { wait, type Clock } from '../clock.ts'
import { DatabaseLostError } from '../errors.ts'
import { unlessAborted } from '../waiting.ts'
import type { Client } from './client.ts'
import { classifyDatabaseError, type Sql } from './connection.ts'
import type { SayWaiting } from './waitLines.ts'

const FIRST_RETRY_MS = 50
const MAX_RETRY_MS = 2_000

export interface ReadOptions {
  clock: Clock
  /** How long a lost database is waited for, ms. */
  retryForMs: number
  /** Starts the server again, where it is ours. */
  revive?: () => Promise<void>
  /** Says for how long it is still waited for. */
  sayWaiting?: SayWaiting
  /** The directory in which the data were, where it is there no more. */
  gone?: () => string | null
  /** Ends the wait, with its reason. */
  signal?: AbortSignal
}

export type Read = <T>(query: (sql: Sql) => Promise<T>) => Promise<T>

/** What only reads is asked again while the database is away. @throws {DatabaseLostError} when that takes too long. */
export function patientReads(client: Client, { clock, retryForMs, revive, sayWaiting, gone, signal }: ReadOptions): Read {
  return async (query) => {
    let until: number | undefined
    using saying = new DisposableStack()
    for (let delay = FIRST_RETRY_MS; ; delay = Math.min(delay * 2, MAX_RETRY_MS)) {
      try {
        return await query(client.sql)
      } catch (error) {
        if (classifyDatabaseError(error) !== 'connection') throw error
        signal?.throwIfAborted()
        if (until === undefined) {
          until = clock.now() + retryForMs
          saying.use(sayWaiting?.(until))
        }
        if (clock.now() >= until) throw new DatabaseLostError(retryForMs, error, gone?.())
        if (revive) await unlessAborted(revive(), signal).catch(() => {})
        await wait(clock, delay, signal)
      }
    }
  }
}
