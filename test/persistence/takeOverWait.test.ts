import { hostname } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { addressOfUrl } from '../../src/persistence/databaseUrl.ts'
import { openPostgresStore } from '../../src/persistence/postgresStore.ts'
import { createDatabase } from '../support/database.ts'
import { newRun } from './contract/subject.ts'

test('(s3) a take-over that waits for a write of the owner before says for whom, and goes on when it is through', async () => {
  const { url, query, drop } = await createDatabase()
  const said = Promise.withResolvers<string>()
  const address = addressOfUrl(url)
  const store = await openPostgresStore({ address, clock: systemClock, retryForMs: 1_000, onWait: said.resolve })
  onTestFinished(async () => {
    await store.close()
    await drop()
  })
  const run = await store.create(newRun())
  await run.release()
  let taken: ReturnType<typeof store.take> | undefined
  let line = ''
  await query.begin(async (write) => {
    await write`select from troupe.runs where id = ${run.id} for share`
    taken = store.take(run.id)
    line = await said.promise
  })
  expect(line).toBe(`waiting for a write of process ${process.pid} on ${hostname()} to run "${run.id}" that is under way`)
  expect(await taken).toMatchObject({ id: run.id, epoch: 2 })
})
