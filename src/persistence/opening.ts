import { wait, type Clock } from '../clock.ts'
import { DatabaseLostError, DatabaseUnreachableError, TroupeError } from '../errors.ts'
import { isNotReady, type Address, type Sql } from './connection.ts'
import { checkDatabase, checkRights, settled } from './fitness.ts'
import { migrate } from './migrate.ts'

export interface OpeningOptions {
  address: Address
  clock: Clock
  /** How long a database that is not ready is waited for, ms. */
  retryForMs: number
  /** Told once of each thing that is waited for. */
  onWait?: ((line: string) => void) | undefined
  /** Ends the wait. */
  signal?: AbortSignal | undefined
}

const POLL_MS = 200

/**
 * Waits until the database is ready, and sees that it is fit for runs.
 * @param ours We have made it ourselves: there is nothing to find out about it.
 * @returns the address to go on with. @throws {DatabaseUnreachableError} and what is wrong with it.
 */
export async function enterDatabase(options: OpeningOptions, ours: boolean): Promise<Address> {
  const { address } = options
  try {
    const found = await whenReady(options, () => (ours ? Promise.resolve(address) : settled(address)))
    if (!ours) await whenReady(options, () => checkDatabase(found))
    return found
  } catch (error) {
    options.signal?.throwIfAborted()
    throw error instanceof TroupeError ? error : new DatabaseUnreachableError(address.shown, error)
  }
}

/** Brings the schema up to date, and sees that the role may use it. */
export async function prepareSchema(sql: () => Sql, options: OpeningOptions, ours: boolean): Promise<void> {
  try {
    await whenReady(options, () => migrate(sql(), options))
    if (!ours) await checkRights(sql())
  } catch (error) {
    options.signal?.throwIfAborted()
    throw error instanceof TroupeError ? error : new DatabaseUnreachableError(options.address.shown, error)
  }
}

/** A server that starts, recovers from a crash or has no connection left says so, and is asked again. */
async function whenReady<T>({ address, clock, retryForMs, onWait, signal }: OpeningOptions, ask: () => Promise<T>): Promise<T> {
  let until: number | undefined
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isNotReady(error)) throw error
      if (until === undefined) onWait?.(`waiting for the database at ${address.shown}: ${(error as Error).message}`)
      until ??= clock.now() + retryForMs
      if (clock.now() >= until) throw new DatabaseLostError(retryForMs, error)
      await wait(clock, POLL_MS, signal)
    }
  }
}
