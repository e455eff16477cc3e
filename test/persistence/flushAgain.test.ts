import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { connect } from '../../src/persistence/connection.ts'
import { addressOfUrl } from '../../src/persistence/databaseUrl.ts'
import type { BatchFact } from '../../src/persistence/facts.ts'
import { flushStatement } from '../../src/persistence/flush.ts'
import { openPostgresStore } from '../../src/persistence/postgresStore.ts'
import { createDatabase } from '../support/database.ts'
import { AT, batch } from './contract/facts.ts'
import { newRun } from './contract/subject.ts'

/** Sends statements as the journal does, and says how many rows they stored or accepted. */
async function sender() {
  const { url, drop } = await createDatabase()
  const store = await openPostgresStore({ address: addressOfUrl(url), clock: systemClock, retryForMs: 1_000 })
  const sql = connect(addressOfUrl(url))
  onTestFinished(async () => {
    await sql.end({ timeout: 1 })
    await store.close()
    await drop()
  })
  const run = await store.create(newRun())
  return async (fact: BatchFact, { host = 'here:1', again = true } = {}) => {
    const { text, parameters } = flushStatement([{ run, facts: [fact] }], host, again)
    const rows = await sql.unsafe(text, parameters as string[])
    return rows.count
  }
}

test('a flush that is sent again finds what it has stored already, and that is as good', async () => {
  const send = await sender()
  expect(await send(batch(), { again: false })).toBe(1)
  expect(await send(batch())).toBe(1)
  expect(await send(batch({ batch: 1, from: 10 }))).toBe(1)
})

test('a row that somebody else stored, or that is of another call, is none of its own', async () => {
  const send = await sender()
  await send(batch(), { again: false })
  expect(await send(batch(), { host: 'there:1' })).toBe(0)
  expect(await send(batch({ startedAt: AT + 1 }))).toBe(0)
  expect(await send(batch({ from: 5 }))).toBe(0)
})

test('a flush that is sent for the first time finds no row in its place', async () => {
  const send = await sender()
  await send(batch(), { again: false })
  await expect(send(batch(), { again: false })).rejects.toMatchObject({ code: '23505' })
})
