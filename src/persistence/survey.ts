import { connect, type Address, type Sql } from './connection.ts'
import { knownVersion, migrate, schemaVersion, type MigrationOptions } from './migrate.ts'
import { DatabaseUnreachableError, TroupeError } from '../errors.ts'

/** What a database holds of ours. */
export interface Survey {
  server: string
  /** 0: there is none yet. `known`: the newest that this program knows. */
  schema: { version: number; known: number }
  /** Of the whole database. */
  bytes: number
  /** By status; empty where there is no schema. */
  runs: Record<string, number>
}

/** Looks, and changes nothing. @throws {DatabaseUnreachableError} */
export const surveyDatabase = (address: Address): Promise<Survey> => asking(address, survey)

/** @throws {DatabaseUnreachableError} {@link SchemaTooNewError} {@link MigrationError} */
export const migrateDatabase = (address: Address, options: MigrationOptions = {}): Promise<{ from: number; to: number }> =>
  asking(address, (sql) => migrate(sql, options))

async function survey(sql: Sql): Promise<Survey> {
  const [version, known] = await Promise.all([schemaVersion(sql), knownVersion()])
  const [facts] = await sql<[{ server: string; bytes: number }]>`
    select current_setting('server_version') as server, pg_database_size(current_database())::float8 as bytes`
  const counts =
    version === 0
      ? []
      : await sql<{ status: string; runs: number }[]>`select status, count(*)::int as runs from troupe.runs group by status order by status`
  return { ...facts, schema: { version, known }, runs: Object.fromEntries(counts.map(({ status, runs }) => [status, runs])) }
}

async function asking<Answer>(address: Address, ask: (sql: Sql) => Promise<Answer>): Promise<Answer> {
  const sql = connect(address)
  try {
    return await ask(sql)
  } catch (error) {
    throw error instanceof TroupeError ? error : new DatabaseUnreachableError(address.shown, error)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
