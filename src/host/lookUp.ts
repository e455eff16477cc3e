import { checkRunId, CommandRefusedError, NothingToRetryError, RunNotFoundError } from '../errors.ts'
import type { RunRow, RunSummary, Store } from '../persistence/store.ts'
import { nearest } from '../plan.ts'
import { troupeCommand } from '../shellCommand.ts'
import { beginning } from './continuation.ts'
import type { HashingInputs } from './hashInputs.ts'
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

/** @throws {CommandRefusedError} if a run has not got so far, or no event can have that number. */
export async function checkEvent(store: Store, run: string, at: number): Promise<void> {
  const last = await store.lastSequence(run)
  if (Number.isInteger(at) && at >= 0 && at <= last) return
  const hint = `See the last ones, with their numbers: ${troupeCommand('show', run)}`
  throw new CommandRefusedError(`Run "${run}" has no event ${at}: its last one is ${last}`, hint)
}

/** Of a plan's runs so many are named to whoever looks for one. */
const NAMED = 5

/** For them so many are looked at. */
const LOOKED_AT = 20

interface Sought {
  id?: string
  forceNew?: boolean
  /** Only a run that has ended. */
  retryFailed?: boolean
  /** Of the plan, as it was named. */
  file?: string | undefined
}

/**
 * The run that a plan goes on with: the one that is named, else the newest that makes the same calls; `null`: a new one.
 * @throws {RunIdError} if the named one is not there, and none may be called so.
 * @throws {NothingToRetryError} if failed items are to be tried again, and there is no ended run: that never begins a new one.
 */
export async function soughtRun(store: Store, prepared: Prepared, sought: Sought, reading?: HashingInputs): Promise<RunRow | null> {
  const { id, forceNew = false, retryFailed = false } = sought
  if (!retryFailed)
    return id !== undefined ? namedRun(store, id) : forceNew ? null : beginning(store, prepared, { unfinished: true }, reading)
  const ended = (row: RunRow) => hasEnded(store, row)
  const row = id === undefined ? await beginning(store, prepared, { unfinished: false, accept: ended }, reading) : await namedRun(store, id)
  if (row && (id === undefined || (await ended(row)))) return row
  const { name, functions } = prepared.plan
  const message =
    row !== null
      ? `Run "${row.id}" has not ended yet: it has no failed items to try again`
      : id === undefined
        ? `No ended run of plan "${name}" makes these calls: there are no failed items to try again`
        : `There is no run "${id}" whose failed items could be tried again`
  const again = functions.length > 0 ? ['--plan', sought.file ?? 'FILE'] : []
  throw new NothingToRetryError(message, await offered(store, name), sought.file, again)
}

/** Runs of a plan that have something left to do, the newest first; `null`: there is none of it at all. */
async function offered(store: Store, name: string): Promise<RunSummary[] | null> {
  const runs = await store.list({ name, limit: LOOKED_AT })
  if (runs.length === 0) return null
  const some: RunSummary[] = []
  for (const run of runs) {
    if (some.length < NAMED && (run.status !== 'complete' || (await hasFailedItems(store, run.id)))) some.push(run)
  }
  return some
}

/** A run is complete with failed items where as many are tolerated. */
async function hasFailedItems(store: Store, id: string): Promise<boolean> {
  const { scenarios = [] } = ((await store.get(id))?.report ?? {}) as { scenarios?: { itemsFailed: number }[] }
  return scenarios.some(({ itemsFailed }) => itemsFailed > 0)
}

/**
 * The run of an id, if it was begun. An earlier version may have begun it under an id that is refused now.
 * @throws {RunIdError} if there is none, and none may be called so.
 */
async function namedRun(store: Store, id: string): Promise<RunRow | null> {
  const row = await storedRun(store, id)
  if (!row) checkRunId(id)
  return row
}

/** Whether a run has ended, now or once: it may have been killed while its failed items were being tried again. */
async function hasEnded(store: Store, { id, finishedAt }: RunRow): Promise<boolean> {
  if (finishedAt !== null) return true
  for (let after = 0; ; ) {
    const events = await store.events(id, after)
    if (events.some(({ type }) => type === 'run.completed' || type === 'run.failed')) return true
    const last = events.at(-1)
    if (!last) return false
    after = last.sequence
  }
}
