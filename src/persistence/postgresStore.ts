import { hostname } from 'node:os'
import { DatabaseLostError, RunExistsError, RunNotFoundError } from '../errors.ts'
import { answers } from './answers.ts'
import { arrayLiteral } from './batchColumns.ts'
import type { Client } from './client.ts'
import { classifyDatabaseError, needsNewConnection, type Sql } from './connection.ts'
import { flushStatement } from './flush.ts'
import { forkRun } from './fork.ts'
import { GroupCommit, type Entry, type FlushTarget } from './groupCommit.ts'
import { readCheckpoints, readErrors, readEvents, readBackoffs, readFirstErrors, readMilestones, readResults, readSums } from './history.ts'
import { readKept } from './keptItems.ts'
import { EVENTS, Notices, REQUESTS } from './notices.ts'
import { explained } from './explained.ts'
import { openDatabase, type OpeningOptions } from './opening.ts'
import { Owners } from './ownership.ts'
import { readConfirmedSpans, readSkillEvents } from './programs.ts'
import { patientReads } from './reads.ts'
import { readRequests, writeRequest } from './requests.ts'
import { readActors, readBatches, readBreakers, readUnconfirmed } from './restorePoint.ts'
import { findRuns, getRun, listRuns, pruneRuns, runIds } from './runs.ts'
import type { Store } from './store.ts'
import { waitLines } from './waitLines.ts'

export interface PostgresOptions extends OpeningOptions {
  /** Starts the server again, where it is ours. */
  revive?: () => Promise<void>
  /** The directory in which its data were, where it is ours and there no more. */
  gone?: () => string | null
  /** `why`: what the database said. */
  onConnection?: (state: 'lost' | 'back', why?: string) => void
}

/** Opens the database, and brings its schema up to date. @throws {DatabaseUnreachableError} @throws {SchemaTooNewError} @throws {MigrationError} */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const { clock, retryForMs } = options
  // Where we start it again ourselves, it is ours.
  const ours = options.revive !== undefined
  const { address, writer, reader } = await openDatabase(options, ours)
  const leaving = new AbortController()
  const { signal } = leaving
  const gone = options.gone ?? (() => null)
  const sayWaiting = waitLines({ clock, say: options.onWait, gone })
  const read = patientReads(reader, { ...options, signal, sayWaiting })
  const owners = new Owners(address, reader, options.onWait)
  const notices = { events: new Notices(address, EVENTS), requests: new Notices(address, REQUESTS) }
  const journal = new GroupCommit({
    target: flushTarget(writer, options.revive),
    clock,
    random: Math.random,
    retryForMs,
    signal,
    sayWaiting,
    gone,
    onConnection: (state, why) => {
      if (state === 'back') for (const channel of Object.values(notices)) void channel.reconnect()
      options.onConnection?.(state, why)
    },
  })
  const endAll = async (how?: { timeout: number }) => {
    leaving.abort(new DatabaseLostError(null, new Error('it did not answer while Troupe was closing')))
    await Promise.all([notices.events.close(how), notices.requests.close(how), owners.close(how), writer.end(how), reader.end(how)])
  }
  let cut: Promise<void> | undefined
  return explained<Store>(gone, {
    kind: 'postgres',
    journal,
    link: {
      answers: (withinMs, signal) => answers(address, withinMs, signal),
      cut: () => {
        cut ??= endAll({ timeout: 0 })
      },
      unwritten: () => journal.unwritten.all(),
    },
    create: (run) => owners.create(run).catch((error) => Promise.reject(isDuplicate(error) ? new RunExistsError(run.id) : error)),
    take: (id) => owners.take(id),
    get: (id) => read((sql) => getRun(sql, id)),
    find: (filter) => read((sql) => findRuns(sql, filter)),
    list: (filter) => read((sql) => listRuns(sql, filter)),
    ids: (limit) => read((sql) => runIds(sql, limit)),
    isHeld: (id) => read(() => owners.isHeld(id)),
    holder: (id) => read(() => owners.holder(id)),
    actors: (run, at) => read((sql) => readActors(sql, run, at ?? null)),
    batchesFrom: (run, round, fromItem, at) => read((sql) => readBatches(sql, run, round, fromItem, at ?? null)),
    unconfirmed: (run, round, query) => read((sql) => readUnconfirmed(sql, run, round, query)),
    kept: (run) => read((sql) => readKept(sql, run)),
    results: (run, filter) => readResults(reader.sql, run, filter),
    events: (run, after, limit = 1_000) => read((sql) => readEvents(sql, run, after, limit)),
    skillEvents: (run) => read((sql) => readSkillEvents(sql, run)),
    confirmedSpans: (run, sequences) => read((sql) => readConfirmedSpans(sql, run, sequences)),
    errors: (run, limit) => read((sql) => readErrors(sql, run, limit)),
    firstErrors: (run) => read((sql) => readFirstErrors(sql, run)),
    backoffs: (run) => read((sql) => readBackoffs(sql, run)),
    breakers: (run) => read((sql) => readBreakers(sql, run)),
    checkpoints: (run) => read((sql) => readCheckpoints(sql, run)),
    milestones: (run, at) => read((sql) => readMilestones(sql, run, at ?? null)),
    sums: (run) => read((sql) => readSums(sql, run)),
    lastSequence: (run) => read((sql) => lastSequence(sql, run)),
    fork: async (run, { at, id }) => {
      const made = await forkRun(reader.sql, run, at, id).catch((error) =>
        Promise.reject(isDuplicate(error) ? new RunExistsError(id) : error),
      )
      if (!made) throw new RunNotFoundError(run)
      return (await getRun(reader.sql, id))!
    },
    prune: (olderThanMs) => pruneRuns(reader.sql, olderThanMs),
    request: async (run, request) => {
      const sequence = await writeRequest(reader.sql, run, request)
      if (sequence === null) throw new RunNotFoundError(run)
      return sequence
    },
    requests: (run) => read((sql) => readRequests(sql, run)),
    watch: (run, onNews) => notices.events.watch(run, onNews),
    watchRequests: (run, onNews) => notices.requests.watch(run, onNews),
    close: async () => {
      await journal.idle()
      await (cut ?? endAll())
    },
  })
}

const isDuplicate = (error: unknown) => typeof error === 'object' && error !== null && 'code' in error && error.code === '23505'

const NONE: ReadonlySet<string> = new Set()

function flushTarget(writer: Client, revive: PostgresOptions['revive']): FlushTarget {
  const host = `${hostname()}:${process.pid}`
  return {
    async write(entries: readonly Entry[], again: boolean) {
      // What a broken connection had under way would be stored after this: it is waited for, and then found.
      if (again) await settled(writer.sql, entries)
      const { text, parameters, batches, plain } = flushStatement(entries, host, again)
      const rows = await writer.sql.unsafe(text, parameters as string[], { prepare: true }).catch((error: unknown) => {
        if (needsNewConnection(error)) writer.renew()
        throw error
      })
      if (plain && rows.count === batches) return NONE
      const stored = plain ? rows.count : (rows[0]!.stored as number)
      const owned = new Set(plain ? await stillOwned(writer.sql, entries) : (rows[0]!.owned as string[]))
      const stale = new Set(entries.map(({ run }) => run.id).filter((id) => !owned.has(id)))
      if (stale.size === 0 && stored !== batches)
        throw Object.assign(new Error('A stored batch has another outcome already'), { code: '23505' })
      return stale
    },
    classify: classifyDatabaseError,
    async revive() {
      await revive?.()
      await writer.sql`select 1`
    },
  }
}

/** Whoever writes to a run holds its row. */
async function settled(sql: Sql, entries: readonly Entry[]) {
  const ids = arrayLiteral([...new Set(entries.map(({ run }) => run.id))])
  await sql.unsafe('select id from troupe.runs where id = any($1::text[]) order by id for no key update', [ids], { prepare: true })
}

/** Epochs only grow: a run that is ours now was ours when its rows were written. */
async function stillOwned(sql: Sql, entries: readonly Entry[]): Promise<string[]> {
  const epochs = new Map(entries.map(({ run }) => [run.id, run.epoch]))
  const rows = await sql`
    select r.id from troupe.runs r join unnest(${arrayLiteral([...epochs.keys()])}::text[], ${arrayLiteral([...epochs.values()])}::int[]) e(id, epoch)
    on r.id = e.id and r.epoch = e.epoch`
  return rows.map((row) => row.id as string)
}

async function lastSequence(sql: Sql, run: string): Promise<number> {
  const [row] = await sql.unsafe(
    `select greatest((select max(sequence) from troupe.events where run = $1::text), (select max(sequence) from troupe.batches where run = $1::text),
       (select max(sequence) from troupe.scenario_checkpoints where run = $1::text), 0)::float8 as sequence`,
    [run],
    { prepare: true },
  )
  return row!.sequence
}
