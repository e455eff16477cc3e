import postgres from 'postgres'
import { expect, inject, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { addressOfUrl } from '../../src/persistence/databaseUrl.ts'
import { openPostgresStore } from '../../src/persistence/postgresStore.ts'
import { createDatabase } from '../support/database.ts'
import { batch, event } from './contract/facts.ts'
import { startPooler } from './transactionPooler.ts'

const openStore = async (url: string) => {
  const store = await openPostgresStore({ address: addressOfUrl(url), clock: systemClock, retryForMs: 1_000 })
  onTestFinished(() => store.close())
  return store
}

async function database() {
  const made = await createDatabase({ empty: true })
  onTestFinished(() => made.drop())
  return { ...made, name: new URL(made.url).pathname.slice(1) }
}

const newRun = (id: string) => ({ id, name: 'x', plan: {} as never, fingerprint: 'f', skillVersions: {} })

test.each([
  { sessions: 1, takes: 'last' as const },
  { sessions: 3, takes: 'last' as const },
  { sessions: 2, takes: 'first' as const },
  { sessions: 3, takes: 'first' as const },
])('(case 28) (F5) a pooler that shares $sessions sessions, the one that came back $takes, is found and refused', async (pool) => {
  const { name } = await database()
  const url = await startPooler(inject('server'), name, pool)
  await expect(openStore(url)).rejects.toMatchObject({ code: 'DATABASE_POOLED', hint: expect.stringContaining('pool_mode = session') })
})

test.each(['LATIN1', 'SQL_ASCII'])('(case 29) (F17) a database in %s is refused when it is opened', async (encoding) => {
  const { query, url, name } = await database()
  const other = `${name}_other`
  await query.unsafe(`create database ${other} encoding '${encoding}' template template0 locale_provider libc locale 'C'`)
  onTestFinished(() => void query.unsafe(`drop database ${other} with (force)`))
  await expect(openStore(url.replace(name, other))).rejects.toMatchObject({
    code: 'DATABASE_UNSUITABLE',
    message: `The database cannot be used: "${other}" is encoded in ${encoding}, which has not all the characters that results may have`,
  })
  await query.unsafe(`drop database ${other} with (force)`)
})

test('(F18) whatever a database has for defaults, sessions have what they rely on', async () => {
  const { query, url, name } = await database()
  await query.unsafe(`
    create schema evil;
    create function evil.count(anyelement) returns bigint language sql as 'select 666::bigint';
    create function evil.max(bigint) returns bigint language sql as 'select 666::bigint';
    alter database ${name} set search_path = evil, pg_catalog;
    alter database ${name} set extra_float_digits = -15;
    alter database ${name} set datestyle = 'SQL, DMY';
    alter database ${name} set intervalstyle = 'sql_standard';
    alter database ${name} set timezone = 'Asia/Kathmandu';
    alter database ${name} set standard_conforming_strings = off;
    alter database ${name} set bytea_output = 'escape';
    alter database ${name} set default_transaction_isolation = 'serializable';
    alter database ${name} set statement_timeout = '1ms'`)
  const store = await openStore(url)
  const run = await store.create(newRun('one'))
  await query.unsafe(`alter sequence troupe.sequence restart with 9007199254740001`)
  await store.journal.append(run, [event({ data: { text: 'C:\\new' } }), batch(), event({ type: 'second' })])
  const events = await store.events('one', 0)
  // Each is read once: the sequence that a reader goes on with is the one that was stored.
  expect(events.map(({ type }) => type)).toEqual([event().type, 'second'])
  expect(events[0]!.data).toEqual({ text: 'C:\\new' })
  expect(await store.events('one', events[1]!.sequence)).toEqual([])
  expect(await store.lastSequence('one')).toBeGreaterThan(9_007_199_254_740_000)
})

/** A role of its own, and how it connects. */
async function role(name: string, url: string, query: postgres.Sql) {
  const user = `role_${name}`
  await query.unsafe(`create role ${user} login`)
  onTestFinished(async () => {
    const { host, port, user: admin, password } = inject('server')
    const sql = postgres({ host, port, user: admin, password, database: 'postgres', max: 1, onnotice() {} })
    await sql.unsafe(`drop role if exists ${user}`).catch(() => {})
    await sql.end()
  })
  const own = new URL(url)
  own.username = user
  return { user, url: own.toString() }
}

test('(case 25) a role that may make no schema works in one that was made for it', async () => {
  const { query, url, name } = await database()
  const { user, url: own } = await role(name, url, query)
  await expect(openStore(own)).rejects.toMatchObject({
    code: 'DATABASE_RIGHTS',
    message: `The role "${user}" may not make the schema troupe in the database "${name}"`,
    hint: `As an administrator: create schema troupe authorization "${user}";`,
  })
  await query.unsafe(`create schema troupe authorization ${user}`)
  const store = await openStore(own)
  const run = await store.create(newRun('one'))
  await store.journal.append(run, [batch()])
  expect(await store.lastSequence('one')).toBeGreaterThan(0)
})

test('(case 25) (F13) a role that lacks rights on tables is told which, and the statements that give them', async () => {
  const { query, url, name } = await database()
  await (await openPostgresStore({ address: addressOfUrl(url), clock: systemClock, retryForMs: 1_000 })).close()
  const { user, url: own } = await role(name, url, query)
  await query.unsafe(
    `grant usage on schema troupe to ${user}; grant select on all tables in schema troupe to ${user}; grant insert, update, delete on troupe.runs to ${user}`,
  )
  const error = await openStore(own).then(
    () => undefined,
    (reason: Error & { hint: string; code: string }) => reason,
  )
  expect(error).toMatchObject({ code: 'DATABASE_RIGHTS' })
  expect(error!.message).toMatch(/lacks select, insert, update, delete on .*troupe\.batches.*; usage of the sequence troupe\.sequence$/)
  expect(error!.message).not.toContain('troupe.runs')
  await query.unsafe(error!.hint.replace('As the owner of the schema: ', ''))
  const store = await openStore(own)
  const run = await store.create(newRun('one'))
  await store.journal.append(run, [batch(), event()])
  expect(await store.events('one', 0)).toHaveLength(1)

  // And what is taken away later is said as it is, too.
  await query.unsafe(`revoke insert on troupe.runs from ${user}`)
  await expect(store.create(newRun('two'))).rejects.toMatchObject({
    code: 'DATABASE_RIGHTS',
    message: expect.stringContaining('permission denied for table runs'),
  })
})
