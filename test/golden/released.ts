import { copyFileSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type postgres from 'postgres'
import Postgrator from 'postgrator'
import { onTestFinished } from 'vitest'
import { createDatabase } from '../support/database.ts'

const golden = (name: string) => new URL(`0.1.0/${name}`, import.meta.url)

/** The newest migration of version 0.1.0. */
const SCHEMA = '5'

/** A database as version 0.1.0 left it, with rows of it, and the directory in which its plan and its skill lie. */
export async function releasedDatabase(rows: 'killedRun' | 'endedRuns') {
  const { url, query, drop } = await createDatabase({ empty: true })
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'released-')))
  onTestFinished(async () => {
    await drop()
    rmSync(directory, { recursive: true })
  })
  for (const file of ['plan.yaml', 'skill.mjs']) copyFileSync(golden(file), join(directory, file))
  const postgrator = new Postgrator({
    driver: 'pg',
    migrationPattern: `${fileURLToPath(new URL('../../src/persistence/migrations/', import.meta.url))}*.sql`,
    schemaTable: 'troupe.schemaversion',
    execQuery: async (text: string) => ({ rows: [...(await query.unsafe(text).simple())] }),
  })
  await postgrator.migrate(SCHEMA)
  await load(query, readFileSync(golden(`${rows}.jsonl`), 'utf8').replaceAll('{{directory}}', directory))
  return { url, query, directory }
}

async function load(query: postgres.Sql, lines: string) {
  const rows = lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { table: string; row: object })
  await query`delete from troupe.schemaversion where ${rows.some(({ table }) => table === 'schemaversion')}`
  for (const { table, row } of rows) {
    await query.unsafe(`insert into troupe.${table} select * from jsonb_populate_record(null::troupe.${table}, $1::text::jsonb)`, [JSON.stringify(row)])
  }
  await query`select setval('troupe.sequence', 100000)`
}
