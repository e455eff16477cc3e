import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { openTroupe } from '../../src/troupe.ts'

const planOf = (skill: 'echo' | 'waiting' | 'badItems', size = 20): PlanInput => ({
  name: 'demo',
  skill: { kind: 'function', module: fileURLToPath(new URL(`./fixtures/${skill}.mjs`, import.meta.url)), isolation: 'inline' },
  scenarios: { only: { size } },
})

const refused = { code: 'NOTHING_TO_RETRY', exitCode: 2 }

test('without any run of the plan retryFailed is refused, under an id and with forceNew too (first hour 9)', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const hint = 'There is no run of this plan: begin one with troupe run FILE'
  for (const options of [{}, { id: 'demo-1' }, { forceNew: true }]) {
    await expect(troupe.start(planOf('echo'), { ...options, retryFailed: true })).rejects.toMatchObject({ ...refused, hint })
  }
  expect(await troupe.list()).toEqual([])
})

test('runs that make other calls are named, with what goes on with each (first hour 9)', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  await (await troupe.start(planOf('echo', 30), { id: 'demo-1' })).result()
  await expect(troupe.start(planOf('echo'), { retryFailed: true })).rejects.toMatchObject({
    ...refused,
    message: 'No ended run of plan "demo" makes these calls: there are no failed items to try again. Nothing was begun',
    hint: 'All runs of this plan have all their results: begin a new one with troupe run FILE --new',
  })
  const cancelled = await troupe.start(planOf('waiting', 40), { id: 'demo-2' })
  await cancelled.cancel()
  await cancelled.result()
  await expect(troupe.start(planOf('echo'), { id: 'nonex', retryFailed: true })).rejects.toMatchObject({
    ...refused,
    message: 'There is no run "nonex" whose failed items could be tried again. Nothing was begun',
    hint: 'Runs of this plan, and what goes on with them: demo-2 (failed): troupe resume demo-2 --retry-failed',
  })
  expect(await troupe.list()).toHaveLength(2)
})

test('a run that has never ended is refused, at work here or not; an ended one is gone on with, older or not (first hour 9)', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const run = await troupe.start(planOf('waiting'), { id: 'demo-2' })
  const message = 'Run "demo-2" has not ended yet: it has no failed items to try again. Nothing was begun'
  const hint = expect.stringMatching(/^Runs of this plan, and what goes on with them: demo-2 \((pending|running)\): troupe resume demo-2$/)
  await expect(troupe.start(planOf('waiting'), { id: 'demo-2', retryFailed: true })).rejects.toMatchObject({ ...refused, message, hint })
  await run.stop(0)
  await expect(troupe.start(planOf('waiting'), { id: 'demo-2', retryFailed: true })).rejects.toMatchObject({ ...refused, message, hint })
  await expect(troupe.start(planOf('waiting'), { retryFailed: true })).rejects.toMatchObject({ ...refused, hint })

  const cancelled = await troupe.start(planOf('waiting'), { id: 'demo-0', forceNew: true })
  await cancelled.cancel()
  await cancelled.result()
  const newer = await troupe.start(planOf('waiting'), { id: 'demo-3' })
  await newer.stop(0)
  const again = await troupe.start(planOf('waiting'), { retryFailed: true })
  expect(again).toMatchObject({ id: 'demo-0', resumed: true })
  // Killed while it tries again, it is found again by the same command.
  await again.stop(0)
  expect(await troupe.start(planOf('waiting'), { retryFailed: true })).toMatchObject({ id: 'demo-0', resumed: true })
})

test('items that are bad for good fail again without a wait: the breaker hears nothing new of the skill', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const plan = { ...planOf('badItems'), batchSize: 10, scenarios: { only: { size: 30, errorTolerance: 0.9 } } }
  const first = await (await troupe.start(plan, { id: 'demo-1' })).result()
  const run = await troupe.start(plan, { id: 'demo-1', retryFailed: true })
  const seen: string[] = []
  for await (const { type } of run.events({ after: run.before })) {
    seen.push(type)
    // What it would wait for takes longer than anybody does.
    if (type === 'breaker.opened') break
  }
  expect(seen).not.toContain('breaker.opened')
  const again = await run.result()
  for (const { status, scenarios } of [first, again])
    expect({ status, scenarios }).toMatchObject({ status: 'complete', scenarios: [{ items: 11, itemsFailed: 19 }] })
})
