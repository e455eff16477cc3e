import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { PlanFunctionsError } from '../../src/errors.ts'
import type { PlanInput } from '../../src/plan.ts'
import { openTroupe } from '../../src/troupe.ts'
import { directoryWith } from '../plan/directory.ts'
import { createDatabase } from '../support/database.ts'

const planOf = (skill: 'echo' | 'waiting'): PlanInput => ({
  name: 'counted',
  skill: { kind: 'function', module: fileURLToPath(new URL(`./fixtures/${skill}.mjs`, import.meta.url)), isolation: 'inline' },
  scenarios: { only: { size: 20 } },
  synthesize: (claims) => ({ claims: claims.length }),
})

/** A run of a plan with a function, stored, without an owner. */
async function stored(skill: 'echo' | 'waiting') {
  const { url, drop } = await createDatabase()
  onTestFinished(drop)
  await using troupe = await openTroupe({ database: url })
  const run = await troupe.start(planOf(skill), { id: 'counted-1' })
  if (skill === 'echo') await run.result()
  return openTroupe({ database: url })
}

test('a run whose plan has functions goes on only with its plan given again', async () => {
  await using troupe = await stored('waiting')
  const refused = await troupe.resume('counted-1').catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(PlanFunctionsError)
  expect(refused).toMatchObject({
    code: 'PLAN_FUNCTIONS',
    exitCode: 2,
    message: 'The plan of run "counted-1" has functions, which are not stored with it: synthesize',
    hint: 'Give the plan again: troupe run FILE --id counted-1, or in a program: resume("counted-1", { plan })',
  })
  const again = await troupe.resume('counted-1', { plan: planOf('waiting') })
  expect(again.actor).toBeDefined()
  // It works here now: whoever asks gets it.
  expect(await troupe.resume('counted-1')).toBe(again)
})

test('a plan without its functions is another plan', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const http = { kind: 'http' as const, url: 'http://127.0.0.1:9/', mode: 'item' as const }
  const made: PlanInput = { name: 'made', skill: { ...http, body: (item: unknown) => ({ item }) }, scenarios: { only: { size: 20 } } }
  await (await troupe.start(made, { id: 'made-1' })).stop(0)
  const plan: PlanInput = { ...made, skill: http }
  await expect(troupe.resume('made-1', { plan })).rejects.toThrow('functions: was ["variants.default.body"], is not written')
})

test('commands that only obey and leave need no functions', async () => {
  await using troupe = await stored('waiting')
  const run = await troupe.attach('counted-1')
  await run.pause()
  expect((await troupe.show('counted-1')).row.status).toBe('paused')
  await run.cancel()
  expect((await troupe.show('counted-1')).row.status).toBe('failed')
})

test('an ended run is looked at without them, and tried again only with them', async () => {
  await using troupe = await stored('echo')
  const report = await (await troupe.resume('counted-1')).result()
  expect(report).toMatchObject({ status: 'complete', synthesis: { value: { claims: 1 } } })
  await expect(troupe.resume('counted-1', { retryFailed: true })).rejects.toThrow(PlanFunctionsError)
})

test('a module of synthesize that cannot be loaded is told of in the report, with its line (first hour 4)', async () => {
  const directory = directoryWith({ 'sum.mjs': '\nthrow new Error("not today")\n' })
  await using troupe = await openTroupe({ database: 'memory' })
  const { synthesize: _function, ...plan } = planOf('echo')
  const run = await troupe.start({ ...plan, synthesize: { module: './sum.mjs' } }, { directory })
  expect((await run.result()).synthesis).toEqual({ error: `not today, at ${directory}/sum.mjs:2` })
})
