import { expect, onTestFinished, test } from 'vitest'
import type { StoredSnapshot } from '../../src/persistence/facts.ts'
import { openTroupe } from '../../src/troupe.ts'
import { until } from '../support/until.ts'
import type { Call } from './calls.ts'
import { planOf, scene, spawnOwner, type Scene } from './harness.ts'
import { batchesOf, expectAllConfirmedOnce, untilQuiet } from './stored.ts'

const SIZES = { small: 30, large: 45 }
const COOLDOWN_MS = 1_500

interface BreakerEvent {
  sequence: number
  type: string
  at: number
  data: { sum: number; probeAt: number | null; generation: number; cause: string; from: string }
}

const eventsOf = ({ query }: Pick<Scene, 'query'>, run = 'run') => query<BreakerEvent[]>`
  select sequence::int, type, extract(epoch from at)::float8 * 1000 as at, data from troupe.events
  where run = ${run} and actor like 'breaker:%' order by sequence`

const rowsOf = ({ query }: Pick<Scene, 'query'>, run = 'run') => query<{ variant: string; version: number; state: StoredSnapshot }[]>`
  select variant, version, state from troupe.breakers where run = ${run}`

/** A service that answers for a while, and then no more: two scenarios call it, and the breaker opens at the second failure. */
const planFor = ({ calls }: Scene, cooldownMs = COOLDOWN_MS) =>
  planOf(
    calls,
    {
      scenarios: { small: { size: SIZES.small }, large: { size: SIZES.large } },
      batchSize: 5,
      breaker: { threshold: 1, cooldownMs, jitter: 0 },
      retry: { attempts: 3, backoffMs: 1, jitter: 0 },
    },
    { fail: [10, 1_000], failClass: 'transient' },
  )

/** Lives until the breaker has opened, is killed, and goes on when the service answers again. @returns what was stored by the kill. */
async function killedWhileOpen(stage: Scene, how: 'start' | 'resume' = 'start', cooldownMs = COOLDOWN_MS) {
  const { url, calls, query } = stage
  const first = spawnOwner({ database: url })
  await first.start(planFor(stage, cooldownMs), { id: 'run' })
  const opened = await until('it has opened', async () => (await eventsOf(stage)).find(({ type }) => type === 'breaker.opened'))
  await first.kill()
  await untilQuiet(query)
  expect((await eventsOf(stage)).at(-1), 'killed while it is open').toEqual(opened)
  const before = { opened, rows: await rowsOf(stage), calls: calls.all().length, batches: await batchesOf(query, 'run') }
  calls.heal()
  const next = spawnOwner({ database: url })
  // The same command again. Who says `resume` instead does not wait.
  if (how === 'start') await next.start(planFor(stage, cooldownMs), { id: 'run' })
  else await next.ask('resume', 'run')
  expect(await next.result()).toMatchObject({ status: 'complete' })
  return before
}

test('killed while its breaker is open, a run probes at the original time, once, and then goes on to its end', async () => {
  const stage = await scene()
  const before = await killedWhileOpen(stage)
  const { opened } = before
  expect(opened.data).toMatchObject({ from: 'closed', cause: 'call.failed', sum: 1, generation: 1 })
  expect(opened.data.probeAt).toBe(Math.round(opened.at) + COOLDOWN_MS)
  expect(before.rows).toEqual([
    {
      variant: 'default',
      version: 2,
      state: { value: 'open', context: { status: 'open', generation: 1, sum: 1, probeAt: opened.data.probeAt, proven: true } },
    },
  ])
  // None of the batches has failed: those that the service refused wait.
  expect(before.batches.every(({ outcome }) => outcome === 'ok')).toBe(true)

  const after = stage.calls.all().slice(before.calls)
  const [probe, answer] = after as [Call, Call]
  expect(probe).toMatchObject({ what: 'start', attempt: 1 })
  expect(probe.at).toBeGreaterThanOrEqual(opened.data.probeAt!)
  // Nobody else calls before it has answered.
  expect(answer).toMatchObject({ what: 'end', key: probe.key })
  const changes = (await eventsOf(stage)).filter(({ sequence }) => sequence > opened.sequence)
  expect(changes.map(({ type, data }) => [type, data.generation, data.sum])).toEqual([
    ['breaker.halfOpened', 2, 1],
    ['breaker.closed', 3, 1],
  ])
  expectAllConfirmedOnce(await batchesOf(stage.query, 'run'), SIZES)
  expect(await rowsOf(stage)).toMatchObject([{ state: { value: 'closed' } }])
})

test('killed while its breaker is open, a run that a person resumes probes at once (rule 8)', async () => {
  const stage = await scene()
  // Far longer than the test may take.
  await killedWhileOpen(stage, 'resume', 300_000)
  expect((await eventsOf(stage)).map(({ type, data }) => [type, data.cause])).toEqual([
    ['breaker.opened', 'call.failed'],
    ['breaker.halfOpened', 'breaker.rearm'],
    ['breaker.closed', 'call.succeeded'],
  ])
  expectAllConfirmedOnce(await batchesOf(stage.query, 'run'), SIZES)
})

test('a fork has the breaker as it was: closed before it opened, open until its own time after that', async () => {
  const stage = await scene()
  const { opened } = await killedWhileOpen(stage)
  const troupe = await openTroupe({ database: stage.url })
  onTestFinished(() => troupe.close({ shutdownMs: 0 }))
  for (const [at, status, events] of [
    [opened.sequence - 1, 'closed', []],
    [opened.sequence, 'open', ['breaker.opened', 'breaker.halfOpened', 'breaker.closed']],
  ] as const) {
    const id = await troupe.fork('run', { at })
    expect((await troupe.show(id)).run.breakers.default).toMatchObject({ status, exhausted: false })
    expect((await troupe.show('run', { at })).run.breakers.default).toMatchObject({ status })
    const report = await (await troupe.resume(id)).result()
    expect(report.status).toBe('complete')
    const own = await eventsOf(stage, id)
    expect(own.map(({ type }) => type)).toEqual(events)
    if (events.length > 0) expect(own[1]!.data).toMatchObject({ from: 'open', sum: 1, generation: 2 })
    expectAllConfirmedOnce(await batchesOf(stage.query, id), SIZES)
  }
  expect((await troupe.show('run')).run.breakers.default).toMatchObject({ status: 'closed' })
})

test('a breaker is forced open, and reset, from another process', async () => {
  const stage = await scene()
  const { url, calls, query } = stage
  const owner = spawnOwner({ database: url })
  const plan = planOf(calls, { scenarios: { small: { size: 30 } }, batchSize: 5 }, { holdFrom: 10 })
  await owner.start(plan, { id: 'run' })
  await until('it waits', () => calls.starts().some(({ from }) => from === 10))
  const other = spawnOwner({ database: url })
  await other.ask('attach', 'run')
  await other.ask('openBreaker', 'default')
  await expect(other.ask('openBreaker', 'other')).rejects.toMatchObject({ code: 'COMMAND_REFUSED', hint: 'It has: default' })
  expect((await eventsOf(stage)).map(({ type }) => type)).toEqual(['breaker.forcedOpen'])
  calls.go()
  await until('what was in flight is stored', async () => (await batchesOf(query, 'run')).some(({ from }) => from === 10))
  expect(calls.starts()).toHaveLength(3)
  await other.ask('resetBreaker')
  expect(await owner.result()).toMatchObject({ status: 'complete' })
  expect((await eventsOf(stage)).map(({ type, data }) => [type, data.cause])).toEqual([
    ['breaker.forcedOpen', 'breaker.open'],
    ['breaker.closed', 'breaker.reset'],
  ])
  expectAllConfirmedOnce(await batchesOf(query, 'run'), { small: 30 })
})

test('what a closed breaker has counted is stored, and is no event', async () => {
  const stage = await scene()
  const owner = spawnOwner({ database: stage.url })
  const scenarios = { small: { size: 30, errorTolerance: 1 } }
  await owner.start(planOf(stage.calls, { scenarios, batchSize: 5 }, { fail: [10, 15], holdFrom: 15 }), { id: 'run' })
  const row = await until('it is stored', async () => (await rowsOf(stage)).find(({ state }) => state.context.sum !== undefined))
  expect(row.state).toEqual({ value: 'closed', context: { sum: 1, proven: true } })
  expect(await eventsOf(stage)).toEqual([])
  stage.calls.go()
  await until('it has gone down again', async () => (await rowsOf(stage))[0]?.state.context.sum === undefined)
  expect(await owner.result()).toMatchObject({ status: 'complete' })
})
