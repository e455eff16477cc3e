import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { until } from '../support/until.ts'
import { holdLock, opportunity } from './hold.ts'
import { planOf, scene, spawnOwner, type Scene } from './harness.ts'
import { batchesOf, blocked, expectAllConfirmedOnce } from './stored.ts'

const SIZES = { small: 60, large: 80 }
const scenarios = { small: { size: 60 }, large: { size: 80 } }

/** Whether it has settled yet. */
function watched(promise: Promise<unknown>) {
  const state = { settled: false, promise }
  const settle = () => {
    state.settled = true
  }
  promise.then(settle, settle)
  return state
}

const waits = ({ query }: Scene) => until('a write waits', async () => (await blocked(query)).length > 0)

async function running(params: object = {}, plan: Partial<PlanInput> = {}) {
  const stage = await scene()
  const owner = spawnOwner({ database: stage.url })
  await owner.start(planOf(stage.calls, { scenarios, batchSize: 5, ...plan }, { ms: 2, ...params }), { id: 'run' })
  return { ...stage, owner }
}

test('no call begins before the start of the run is durable', async () => {
  const stage = await scene()
  const { url, query, calls } = stage
  const owner = spawnOwner({ database: url })
  await owner.ask('migrated')
  const lock = await holdLock(query, 'troupe.actors')
  await owner.start(planOf(calls, { scenarios, batchSize: 5 }), { id: 'run' })
  await waits(stage)
  await opportunity(query)
  expect(calls.starts()).toEqual([])
  await lock.release()
  expect(await owner.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(query, 'run'), SIZES)
  await owner.close()
})

test('no call begins before a take-over is durable with what it has made of the run', async () => {
  const stage = await running({ holdFrom: 20 })
  const { url, query, calls, owner } = stage
  await until('two calls wait', () => calls.starts().filter(({ from }) => from === 20).length === 2)
  await owner.kill()
  calls.go()
  const lines = calls.all().length
  const lock = await holdLock(query, 'troupe.actors')
  const next = spawnOwner({ database: url })
  await next.ask('resume', 'run')
  await waits(stage)
  await opportunity(query)
  expect(calls.starts(lines)).toEqual([])
  await lock.release()
  expect(await next.result()).toMatchObject({ status: 'complete' })
  await next.close()
})

test.each([{ fresh: false }, { fresh: true }])(
  'a new round (fresh: $fresh) makes no call and is not acknowledged before it is durable',
  async ({ fresh }) => {
    const stage = await running(
      { fail: [0, 1], only: ['small'], holdFrom: 10_000 },
      { scenarios: { small: { size: 60 }, large: { size: 4_000 } } },
    )
    const { query, calls, owner } = stage
    await until('the small one has failed', async () => (await query`select from troupe.events where type = 'scenario.failed'`).length > 0)
    calls.heal()
    const ofSmall = () => calls.starts().filter(({ scenario }) => scenario === 'small').length
    const before = ofSmall()
    const lock = await holdLock(query, 'troupe.actors')
    const restarted = watched(owner.ask('restart', 'small', { fresh }))
    await waits(stage)
    await opportunity(query)
    expect(restarted.settled).toBe(false)
    expect(ofSmall()).toBe(before)
    await lock.release()
    await restarted.promise
    const rounds = await query`select data from troupe.events where type = 'scenario.restarted'`
    expect(rounds.map(({ data }) => data)).toEqual([{ round: 1, fresh, halvings: 0 }])
    await until('it is called again', () => ofSmall() > before)
    await owner.kill()
  },
)

test.each([
  { command: 'pause', status: 'paused', type: 'run.paused' },
  { command: 'cancel', status: 'failed', type: 'run.failed' },
])('$command is acknowledged when it is durable, not before', async ({ command, status, type }) => {
  const stage = await running({ holdFrom: 20 })
  const { query, calls, owner } = stage
  await until('two calls wait', () => calls.starts().filter(({ from }) => from === 20).length === 2)
  const lock = await holdLock(query, 'troupe.actors')
  const obeyed = watched(owner.ask(command))
  await waits(stage)
  await opportunity(query)
  expect(obeyed.settled).toBe(false)
  expect(await query`select from troupe.events where type = ${type}`).toHaveLength(0)
  await lock.release()
  await obeyed.promise
  const [row] = await query`select status from troupe.runs where id = 'run'`
  expect(row).toEqual({ status })
  expect(await query`select from troupe.events where type = ${type}`).toHaveLength(1)
  await owner.kill()
})

test('a paused run makes no call after it was acknowledged, and what was in flight is stored', async () => {
  const { query, calls, owner } = await running({ ms: 4 }, { scenarios: { small: { size: 60 }, large: { size: 400 } } })
  await until('some calls were made', () => calls.starts().length > 10)
  await owner.ask('pause')
  const lines = calls.all().length
  await opportunity(query)
  expect(calls.starts(lines)).toEqual([])
  const stored = await batchesOf(query, 'run')
  expect(stored).toHaveLength(calls.starts().length)
  await owner.ask('continue')
  await until('it goes on', () => calls.starts(lines).length > 0)
  await owner.kill()
})

test('no call behind a barrier begins before its release is durable', async () => {
  const stage = await running(
    { holdFrom: 35 },
    { scenarios: { small: { size: 60 }, large: { size: 80 } }, sync: { mode: 'milestone', at: [50] } },
  )
  const { query, calls, owner } = stage
  // Half of them is 30 and 40: the small one waits for the last call of the large one.
  await until('the small one has arrived', async () => (await query`select from troupe.events where type = 'barrier.waiting'`).length > 0)
  await until('the last call before the barrier', () => calls.starts().some(({ scenario, from }) => scenario === 'large' && from === 35))
  const behind = () => calls.starts().filter(({ scenario, from }) => from >= (scenario === 'small' ? 30 : 40))
  const lock = await holdLock(query, 'troupe.orchestration_milestones')
  calls.go()
  await waits(stage)
  await opportunity(query)
  expect(behind()).toEqual([])
  await lock.release()
  expect(await owner.result()).toMatchObject({ status: 'complete' })
  expect(behind().length).toBe(6 + 8)
  await owner.close()
})
