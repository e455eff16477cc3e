import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { MigrationError, SchemaTooNewError } from '../errors.ts'
import type { Sql } from './connection.ts'

const directory = fileURLToPath(new URL('./migrations/', import.meta.url))
/** Any number that nobody else uses: one migration at a time, whatever the number of processes. */
const LOCK = 7_227_001

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

/**
 * Brings the schema `troupe` up to date, in one transaction. Nothing is done, and nothing loaded, where it is.
 * @throws {SchemaTooNewError} if a newer program has made it. @throws {MigrationError} with the cause; nothing is changed then.
 */
export async function migrate(sql: Sql): Promise<{ from: number; to: number }> {
  const [from, to] = await Promise.all([schemaVersion(sql), knownVersion()])
  if (from > to) throw new SchemaTooNewError(from, to)
  if (from === to) return { from, to }
  const { default: Postgrator } = await import('postgrator')
  try {
    await sql.begin(async (transaction) => {
      await transaction`select pg_advisory_xact_lock(${LOCK})`
      const postgrator = new Postgrator({
        driver: 'pg',
        migrationPattern: `${directory}*.sql`,
        schemaTable: 'troupe.schemaversion',
        execQuery: async (query: string) => ({ rows: [...(await transaction.unsafe(query).simple())] }),
      })
      await postgrator.migrate(String(to))
    })
    return { from, to }
  } catch (error) {
    throw new MigrationError(error)
  }
}
