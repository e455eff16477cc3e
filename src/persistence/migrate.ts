import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import type { TransactionSql } from 'postgres'
import { MigrationError, SchemaTooNewError, TroupeError } from '../errors.ts'
import { classifyDatabaseError, type Sql } from './connection.ts'
import { checkMigrationRights } from './fitness.ts'

const directory = fileURLToPath(new URL('./migrations/', import.meta.url))
/** Any number that nobody else uses: one migration at a time, whatever the number of processes. */
const LOCK = 7_227_001
const LOOK_MS = 50
/** How long a wait is silent, and after how long without a statement the holder of the lock is taken to be stopped, ms. */
const PATIENCE = { silentMs: 500, stillMs: 10_000 }
const MAKES_SCHEMA = /CREATE SCHEMA IF NOT EXISTS "troupe";/i

export async function schemaVersion(sql: Sql): Promise<number> {
  const [found] = await sql<{ present: boolean }[]>`select to_regclass('troupe.schemaversion') is not null as present`
  if (!found?.present) return 0
  const [row] = await sql<{ version: number }[]>`select coalesce(max(version), 0)::int as version from troupe.schemaversion`
  return row?.version ?? 0
}

/** The newest version this program knows: the number of its last migration. */
export async function knownVersion(): Promise<number> {
  const files = await readdir(directory)
  return Math.max(...files.filter((f) => f.endsWith('.sql')).map((f) => Number.parseInt(f, 10)))
}

export interface MigrationOptions {
  /** Told for whom it waits. */
  onWait?: ((line: string) => void) | undefined
  /** Ends the wait. */
  signal?: AbortSignal | undefined
  /** For tests. */
  patience?: typeof PATIENCE
}

/**
 * Brings the schema `troupe` up to date, in one transaction. Nothing is done, and nothing loaded, where it is.
 * @throws {SchemaTooNewError} if a newer program has made it. @throws {MigrationError} with the cause; nothing is changed then.
 */
export async function migrate(sql: Sql, options: MigrationOptions = {}): Promise<{ from: number; to: number }> {
  const [from, to] = await Promise.all([schemaVersion(sql), knownVersion()])
  if (from > to) throw new SchemaTooNewError(from, to)
  if (from === to) return { from, to }
  await checkMigrationRights(sql)
  const { default: Postgrator } = await import('postgrator')
  try {
    await sql.begin(async (transaction) => {
      await takeLock(transaction, options)
      const [made] = await transaction`select from pg_namespace where nspname = 'troupe'`
      const postgrator = new Postgrator({
        driver: 'pg',
        migrationPattern: `${directory}*.sql`,
        schemaTable: 'troupe.schemaversion',
        // To make it if there is none takes a right that nobody needs where there is one.
        execQuery: async (query: string) => ({
          rows: [...(await transaction.unsafe(made ? query.replace(MAKES_SCHEMA, '') : query).simple())],
        }),
      })
      await postgrator.migrate(String(to))
    })
    return { from, to }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof TroupeError || classifyDatabaseError(error) === 'connection') throw error
    throw new MigrationError(error)
  }
}

/** @throws {MigrationError} if who holds it does nothing any more. */
async function takeLock(sql: TransactionSql, { onWait, signal, patience = PATIENCE }: MigrationOptions) {
  const began = performance.now()
  for (let said = false; ; ) {
    const [lock] = await sql`select pg_try_advisory_xact_lock(${LOCK}) as taken`
    if (lock!.taken) return
    const [holder] = await sql`
      select a.pid, coalesce(a.client_addr::text, 'this host') as host, extract(epoch from clock_timestamp() - a.state_change)::float8 as still
      from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.classid = 0 and l.objid = ${LOCK} and l.database = (select oid from pg_database where datname = current_database())`
    const who = holder && `session ${holder.pid} of ${holder.host}`
    if (!said && who && performance.now() - began >= patience.silentMs) {
      onWait?.(`waiting for ${who}, which brings the schema up to date`)
      said = true
    }
    if (holder && Math.min(holder.still * 1_000, performance.now() - began) >= patience.stillMs)
      throw new MigrationError(
        new Error(
          `${who} holds the lock for it and has done nothing for ${Math.round(holder.still)} s. End it with: select pg_terminate_backend(${holder.pid})`,
        ),
      )
    await delay(LOOK_MS, undefined, { signal })
  }
}
