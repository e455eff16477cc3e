import { expect, test } from 'vitest'
import { openTroupe } from '../../src/index.ts'
import { Entrance } from '../../src/host/entrance.ts'

const plan = { name: 'demo', skill: new URL('fixtures/echo.mjs', import.meta.url).pathname, scenarios: { only: { size: 1 } } }

test('(F1) close() while start() is under way: nothing begins, and nothing begins afterwards', async () => {
  const troupe = await openTroupe({ database: 'memory' })
  const started = troupe.start(plan)
  await Promise.all([expect(started).rejects.toMatchObject({ code: 'TROUPE_CLOSED' }), troupe.close()])
  await expect(troupe.start(plan)).rejects.toMatchObject({ code: 'TROUPE_CLOSED' })
  await expect(troupe.resume('any')).rejects.toMatchObject({ code: 'TROUPE_CLOSED' })
})

test('(F1) close() waits for a run that is being opened, which then finds the troupe closed', async () => {
  const entrance = new Entrance()
  const opened = Promise.withResolvers<void>()
  const opening = entrance.whole(async () => {
    await opened.promise
    entrance.check()
  })
  let isClosed = false
  const closing = entrance.close().then(() => (isClosed = true))
  const refused = opening.catch((error: unknown) => error)
  await new Promise((resolve) => setImmediate(resolve))
  expect(isClosed).toBe(false)
  opened.resolve()
  await closing
  expect(await refused).toMatchObject({ code: 'TROUPE_CLOSED' })
  expect(isClosed).toBe(true)
})
