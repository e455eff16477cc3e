import { wait, type Clock } from '../clock.ts'
import { DatabaseLostError, DatabaseUnreachableError, TroupeError } from '../errors.ts'
import { Client } from './client.ts'
import { isNotReady, type Address } from './connection.ts'
import { checkDatabase, checkRights, refusesSettings } from './fitness.ts'
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

/** Those who write and read, and where they are connected to. */
export interface Opened {
  address: Address
  writer: Client
  reader: Client
}

/**
 * Waits until the database is ready, sees that it is fit for runs, and brings its schema up to date.
 * @param ours We have made it ourselves: there is nothing to find out about it.
 * @throws {DatabaseUnreachableError} and what is wrong with it.
 */
export async function openDatabase(options: OpeningOptions, ours: boolean): Promise<Opened> {
  const { address } = options
  try {
    return await openAt(address, options, ours).catch((error: unknown) => {
      if (!refusesSettings(error)) throw error
      return openAt({ ...address, bare: true }, options, ours)
    })
  } catch (error) {
    options.signal?.throwIfAborted()
    throw error instanceof TroupeError ? error : new DatabaseUnreachableError(address.shown, error)
  }
}

async function openAt(address: Address, options: OpeningOptions, ours: boolean): Promise<Opened> {
  const writer = new Client(address, { max: 1 })
  const reader = new Client(address, { max: 3 })
  try {
    if (!ours) await whenReady(options, () => checkDatabase([writer, reader], address))
    await whenReady(options, () => migrate(writer.sql, options))
    if (!ours) await checkRights(writer.sql)
    return { address, writer, reader }
  } catch (error) {
    await Promise.all([writer.end(), reader.end()])
    throw error
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
