import { checkRunId, RunNotFoundError } from '../errors.ts'
import type { RunRow, Store } from '../persistence/store.ts'
import { nearest } from '../plan.ts'
import { beginning } from './continuation.ts'
import type { Prepared } from './prepare.ts'

/** A stored run. No run has an id that the database could not keep. */
async function storedRun(store: Store, id: string): Promise<RunRow | null> {
  return typeof id === 'string' && !id.includes('\0') ? store.get(id) : null
}

/** @throws {RunNotFoundError} */
export async function requireRun(store: Store, id: string): Promise<RunRow> {
  const row = await storedRun(store, id)
  if (row) return row
  throw new RunNotFoundError(id, nearest(id, await store.ids(200)))
}

/**
 * The run of an id, if it was begun. An earlier version may have begun it under an id that is refused now.
 * @throws {RunIdError} if there is none, and none may be called so.
 */
export async function namedRun(store: Store, id: string): Promise<RunRow | null> {
  const row = await storedRun(store, id)
  if (!row) checkRunId(id)
  return row
}

/** The run that a plan goes on with, where none is named; `null`: a new one. */
export async function begunRun(
  store: Store,
  prepared: Prepared,
  { forceNew, retryFailed = false }: { forceNew?: boolean; retryFailed?: boolean },
): Promise<RunRow | null> {
  return forceNew ? null : beginning(store, prepared, { unfinished: !retryFailed })
}
