import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { until } from '../support/until.ts'
import { holdLock, opportunity } from './hold.ts'
import { planOf, scene, spawnOwner, type Scene } from './harness.ts'
import { batchesOf, blocked, expectAllConfirmedOnce, milestonesOf, untilQuiet } from './stored.ts'

const SIZES = { small: 100 }

const planFor = ({ calls }: Scene, durability: PlanInput['durability'], parallel = 1, params: { holdFrom?: number } = {}) =>
  planOf(calls, { scenarios: { small: { size: 100 } }, batchSize: 5, parallel, durability, window: 4 }, { ms: 2, ...params })

test.each([
  { durability: 'batch' as const, parallel: 1, ahead: 1 },
  { durability: 'batch' as const, parallel: 3, ahead: 3 },
  { durability: 'pipelined' as const, parallel: 1, ahead: 1 + 4 },
  { durability: 'pipelined' as const, parallel: 2, ahead: 2 + 4 },
])('$durability, $parallel at once: at most $ahead calls are not durable', async ({ durability, parallel, ahead }) => {
  const stage = await scene()
  const { url, query, calls } = stage
  const owner = spawnOwner({ database: url })
  await owner.start(planFor(stage, durability, parallel, { holdFrom: 15 }), { id: 'run' })
  await until('all at once wait', () => calls.starts().filter(({ from }) => from >= 15).length === parallel)
  await until('what came before is stored', async () => (await batchesOf(query, 'run')).length === 3)
  const lock = await holdLock(query, 'troupe.batches')
  calls.go()
  await until('a write waits', async () => (await blocked(query)).length > 0)
  const stored = (await batchesOf(query, 'run')).length
  await until('it goes as far ahead as it may', () => calls.starts().length >= stored + ahead)
  await opportunity(query)
  expect(calls.starts()).toHaveLength(stored + ahead)

  // And that is what a kill at the worst moment costs.
  await owner.kill()
  await lock.release()
  await untilQuiet(query)
  const saved = await batchesOf(query, 'run')
  const next = spawnOwner({ database: url })
  await next.ask('resume', 'run')
  expect(await next.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(query, 'run'), SIZES)
  expect([...calls.counts().values()].filter((n) => n > 1)).toHaveLength(stored + ahead - saved.length)
  await next.close()
})

const LEVELS = [
  // What was settled after the last milestone, and the call in flight.
  { durability: 'milestone' as const, repeated: [50, 55, 60] },
  // Everything since the status last changed.
  { durability: 'exit' as const, repeated: [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60] },
]

test.each(LEVELS)('$durability: a crash costs what it says, and leaves nothing inconsistent', async ({ durability, repeated }) => {
  const stage = await scene()
  const { url, query, calls } = stage
  const owner = spawnOwner({ database: url })
  await owner.start(planFor(stage, durability, 1, { holdFrom: 60 }), { id: 'run' })
  await until('the call at 60 % has begun', () => calls.starts().some(({ from }) => from === 60))
  const known = 13 - repeated.length
  await until('what is to be stored by then is', async () => (await batchesOf(query, 'run')).length >= known)
  await opportunity(query, 20)
  expect(await batchesOf(query, 'run')).toHaveLength(known)
  await owner.kill()
  await untilQuiet(query)

  calls.go()
  const next = spawnOwner({ database: url })
  await next.ask('resume', 'run')
  const report = await next.result()
  await next.close()
  expect(report).toMatchObject({ status: 'complete', scenarios: [{ items: 100, itemsFailed: 0, batches: 20 }] })
  expectAllConfirmedOnce(await batchesOf(query, 'run'), SIZES)
  const milestones = { 'default/small': [0, 30, 50, 70, 90, 100] }
  expect(await milestonesOf(query, 'run')).toEqual({ events: milestones, checkpoints: milestones })
  const twice = [...calls.counts()].filter(([, n]) => n > 1)
  expect(twice).toEqual(repeated.map((from) => [`small/1/${from}`, 2]))
  const keys = new Set(calls.starts().map(({ key }) => key))
  expect(keys.size).toBe(20)
})

test.each(['batch', 'pipelined', 'milestone', 'exit'] as const)('%s: who is stopped gracefully loses nothing', async (durability) => {
  const stage = await scene()
  const { url, query, calls } = stage
  const owner = spawnOwner({ database: url })
  await owner.start(planFor(stage, durability, 1, { holdFrom: 60 }), { id: 'run' })
  await until('the call at 60 % has begun', () => calls.starts().some(({ from }) => from === 60))
  await owner.ask('stop', 0)
  await owner.close()
  expect(await batchesOf(query, 'run')).toHaveLength(12)
  calls.go()
  const next = spawnOwner({ database: url })
  await next.ask('resume', 'run')
  expect(await next.result()).toMatchObject({ status: 'complete' })
  await next.close()
  expectAllConfirmedOnce(await batchesOf(query, 'run'), SIZES)
  expect([...calls.counts()].filter(([, n]) => n > 1)).toEqual([['small/1/60', 2]])
})
