import { fileURLToPath } from 'node:url'
import { createActor, toPromise } from 'xstate'
import { expect, test } from 'vitest'
import { runLogic } from '../../src/actors/run.ts'
import { isRunId } from '../../src/errors.ts'
import type { PlanInput } from '../../src/plan.ts'
import { openTroupe } from '../../src/troupe.ts'
import { createDatabase } from '../support/database.ts'

const plan: PlanInput = {
  name: 'demo',
  skill: { kind: 'function', module: fileURLToPath(new URL('./fixtures/echo.mjs', import.meta.url)), isolation: 'inline' },
  scenarios: { only: { size: 20 } },
}

test.for(['a', 'Demo_1.2-x', '_', '7', 'x'.repeat(100), 'a..b'])('%s may be the id of a run (s6)', (id) => {
  expect(isRunId(id)).toBe(true)
})

const REFUSED = ['', '.', '../../x', '.hidden', '-rf', 'My Run!', 'a/b', '\u001b[31m', 'é', 'a\0b', 'a\n', 'x'.repeat(101), '$(id)']

test.for(REFUSED)('%j may not be the id of a run (s6)', (id) => {
  expect(isRunId(id)).toBe(false)
})

test('start, fork and an invoked run refuse such ids, and begin nothing (s6)', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  await (await troupe.start(plan, { id: 'first' })).result()
  const refused = { code: 'RUN_ID', exitCode: 2 }
  for (const id of REFUSED) {
    await expect(troupe.start(plan, { id })).rejects.toMatchObject(refused)
    await expect(troupe.fork('first', { at: 1, id })).rejects.toMatchObject(refused)
    await expect(troupe.report(id)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  }
  const actor = createActor(runLogic(troupe), { input: { plan, id: '../x' } }).start()
  await expect(toPromise(actor)).rejects.toMatchObject(refused)
  expect((await troupe.list()).map(({ id }) => id)).toEqual(['first'])
})

test('a run that 0.1.0 began under another id is read, reported, gone on with and forked (s6)', async () => {
  const database = await createDatabase()
  try {
    await using troupe = await openTroupe({ database: database.url })
    await (await troupe.start(plan, { id: 'old' })).result()
    const odd = "it's ../x"
    await database.query`update troupe.runs set id = ${odd} where id = 'old'`
    for (const table of ['actors', 'batches', 'events', 'scenario_checkpoints'])
      await database.query`update troupe.${database.query(table)} set run = ${odd} where run = 'old'`
    expect(await troupe.report(odd)).toMatchObject({ status: 'complete' })
    expect(await troupe.start(plan, { id: odd })).toMatchObject({ id: odd, resumed: true })
    expect(await troupe.resume(odd)).toMatchObject({ id: odd, resumed: true })
    expect(await troupe.fork(odd, { at: 1 })).toMatch(/^demo-[0-9a-z]{8}$/)
  } finally {
    await database.drop()
  }
})

test('instants are whole milliseconds, those of the database included (first hour 14)', async () => {
  const database = await createDatabase()
  try {
    await using troupe = await openTroupe({ database: database.url })
    const run = await troupe.start(plan, { id: 'first' })
    await run.result()
    const [listed] = await troupe.list()
    const { row } = await troupe.show('first')
    const fork = await troupe.show(await troupe.fork('first', { at: 3 }))
    for (const { createdAt, startedAt } of [listed!, row, fork.row]) {
      expect(Number.isInteger(createdAt)).toBe(true)
      expect(startedAt === null || Number.isInteger(startedAt)).toBe(true)
    }
    expect(listed).toMatchObject({ createdAt: row.createdAt, finishedAt: row.finishedAt })
    const [stored] = await database.query`select owner->>'since' as since, owner->>'seenAt' as "seenAt" from troupe.runs where id = 'first'`
    expect(stored).toEqual({ since: expect.stringMatching(/^\d{13}$/), seenAt: expect.stringMatching(/^\d{13}$/) })
  } finally {
    await database.drop()
  }
})
