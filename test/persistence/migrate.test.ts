import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { MigrationError, SchemaTooNewError } from '../../src/errors.ts'
import { connect } from '../../src/persistence/connection.ts'
import { addressOfUrl } from '../../src/persistence/databaseUrl.ts'
import { knownVersion, migrate, schemaVersion } from '../../src/persistence/migrate.ts'
import { spawnOwner } from '../durability/harness.ts'
import { createDatabase } from '../support/database.ts'
import { dumpSchema } from './dumpSchema.ts'

async function emptyDatabase() {
  const { url, query, drop } = await createDatabase({ empty: true })
  const sql = connect(addressOfUrl(url))
  onTestFinished(async () => {
    await sql.end({ timeout: 1 })
    await drop()
  })
  return { url, query, sql }
}

test('an empty database gets the schema, and one that has it is left alone', async () => {
  const { query, sql } = await emptyDatabase()
  const to = await knownVersion()
  expect(await schemaVersion(sql)).toBe(0)
  expect(await migrate(sql)).toEqual({ from: 0, to })
  expect(await schemaVersion(sql)).toBe(to)
  const runAt = await query`select * from troupe.schemaversion order by version`
  expect(await migrate(sql)).toEqual({ from: to, to })
  expect(await query`select * from troupe.schemaversion order by version`).toEqual(runAt)
})

test('the schema is the one that is written down', async () => {
  const { query, sql } = await emptyDatabase()
  await migrate(sql)
  await expect(await dumpSchema(query)).toMatchFileSnapshot(join(import.meta.dirname, 'schema.sql'))
})

test('five processes open an empty database at once: each finds the whole schema', async () => {
  const { url, query } = await emptyDatabase()
  const processes = Array.from({ length: 5 }, () => spawnOwner({ database: url }))
  await Promise.all(processes.map((each) => each.ask('migrated')))
  const versions = await query<{ version: string }[]>`select version from troupe.schemaversion where version > 0 order by version`
  expect(versions.map(({ version }) => Number(version))).toEqual(Array.from({ length: await knownVersion() }, (_, n) => n + 1))
  await Promise.all(processes.map((each) => each.close()))
})

test('many connections migrate at once', async () => {
  const { url, query } = await emptyDatabase()
  const connections = Array.from({ length: 8 }, () => connect(addressOfUrl(url)))
  const to = await knownVersion()
  const done = await Promise.all(connections.map((each) => migrate(each)))
  expect(done.map((each) => each.to)).toEqual(done.map(() => to))
  await Promise.all(connections.map((each) => each.end()))
  expect(await query`select from troupe.schemaversion where version > 0`).toHaveLength(to)
})

test('(s3) whoever waits for the lock of a migration says for whom, and a holder that does nothing is named, with the way to end it', async () => {
  const { query, sql } = await emptyDatabase()
  const holder = await query.reserve()
  const [{ pid }] = (await holder`select pg_backend_pid() as pid, pg_advisory_lock(7227001)`) as unknown as [{ pid: number }]
  const lines: string[] = []
  const error = await migrate(sql, { patience: { silentMs: 0, stillMs: 100 }, onWait: (line) => lines.push(line) }).catch((e) => e)
  expect(error).toBeInstanceOf(MigrationError)
  expect(error.message).toContain(`End it with: select pg_terminate_backend(${pid})`)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(new RegExp(`^waiting for session ${pid} of .+, which brings the schema up to date$`))

  const endless = { silentMs: 0, stillMs: Number.POSITIVE_INFINITY }
  const controller = new AbortController()
  const { signal } = controller
  const reason = new Error('enough')
  await expect(migrate(sql, { patience: endless, signal, onWait: () => controller.abort(reason) })).rejects.toBe(reason)
  const freed: Promise<unknown>[] = []
  const onWait = () => void freed.push(holder`select pg_advisory_unlock_all()`.execute())
  expect(await migrate(sql, { patience: endless, onWait })).toEqual({ from: 0, to: await knownVersion() })
  expect(await Promise.all(freed)).toHaveLength(1)
  holder.release()
})

test('a newer schema is refused, and nothing is changed', async () => {
  const { url, query, sql } = await emptyDatabase()
  await migrate(sql)
  await query`insert into troupe.schemaversion (version, name) values (999, 'of-tomorrow')`
  const before = await dumpSchema(query)
  const refusal = migrate(sql)
  await expect(refusal).rejects.toThrow(SchemaTooNewError)
  await expect(refusal).rejects.toThrow(`The database's schema has version 999, this troupe knows versions up to ${await knownVersion()}`)
  await expect(spawnOwner({ database: url }).ask('migrated')).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW' })
  expect(await dumpSchema(query)).toBe(before)
})

test('a migration that fails leaves no trace, and can be run again when its cause is gone', async () => {
  const { query, sql } = await emptyDatabase()
  // What the last migration wants to make is there already, and another thing.
  await query.unsafe('create schema troupe; create table troupe.orchestration_milestones (mine integer)')
  const before = await dumpSchema(query)
  await expect(migrate(sql)).rejects.toThrow(MigrationError)
  await expect(migrate(sql)).rejects.toThrow('relation "orchestration_milestones" already exists')
  expect(await dumpSchema(query)).toBe(before)
  await query`drop table troupe.orchestration_milestones`
  expect(await migrate(sql)).toEqual({ from: 0, to: await knownVersion() })
})
