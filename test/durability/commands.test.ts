import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { until } from '../support/until.ts'
import { opportunity } from './hold.ts'
import { planOf, scene, spawnOwner, type Scene } from './harness.ts'
import { batchesOf, expectAllConfirmedOnce, lockHolders, releasesOf } from './stored.ts'

const SIZES = { small: 60, large: 90 }
const scenarios = { small: { size: 60 }, large: { size: 90 } }

/** A run whose scenarios wait, once they come to item 20, and somebody else who follows it. */
async function followed(params: object = {}, plan: Partial<PlanInput> = {}) {
  const stage = await scene()
  const owner = spawnOwner({ database: stage.url })
  await owner.start(planOf(stage.calls, { scenarios, batchSize: 5, ...plan }, { holdFrom: 20, ...params }), { id: 'run' })
  await until('both scenarios wait', () => stage.calls.starts().filter(({ from }) => from === 20).length === 2)
  const other = spawnOwner({ database: stage.url })
  await other.ask('attach', 'run')
  return { ...stage, owner, other }
}

const eventsOf = async ({ query }: Pick<Scene, 'query'>, ...types: string[]) => {
  const rows = await query<
    { actor: string; type: string }[]
  >`select actor, type from troupe.events where run = 'run' and type = any(${types}) order by sequence`
  return rows.map(({ actor, type }) => `${actor} ${type}`)
}

const statusOf = async ({ query }: Pick<Scene, 'query'>) => {
  const [row] = await query<{ status: string; reason: string | null }[]>`select status, reason from troupe.runs where id = 'run'`
  return row!
}

test('pause and continue from another process: durable when acknowledged, and once is enough', async () => {
  const { owner, other, calls, ...stage } = await followed()
  await other.ask('pause')
  expect(await statusOf(stage)).toEqual({ status: 'paused', reason: 'user' })
  await other.ask('pause')
  await owner.ask('pause')
  expect(await eventsOf(stage, 'run.paused')).toHaveLength(1)

  calls.go()
  await until(
    'what was in flight is stored',
    async () => (await batchesOf(stage.query, 'run')).filter(({ from }) => from === 20).length === 2,
  )
  const lines = calls.all().length
  await opportunity(stage.query)
  expect(calls.starts(lines)).toEqual([])

  await other.ask('continue')
  expect(await statusOf(stage)).toEqual({ status: 'running', reason: null })
  expect(await owner.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(stage.query, 'run'), SIZES)
  expect([...calls.counts().values()].every((n) => n === 1)).toBe(true)
  expect(await eventsOf(stage, 'run.paused', 'run.continued')).toEqual(['orchestrator run.paused', 'orchestrator run.continued'])
})

test('one scenario is cancelled and restarted from another process, and the other knows nothing of it', async () => {
  const { owner, other, calls, ...stage } = await followed()
  await other.ask('cancel', 'small')
  expect(await eventsOf(stage, 'scenario.failed')).toEqual(['default/small scenario.failed'])
  await other.ask('cancel', 'small')
  expect(await eventsOf(stage, 'scenario.failed')).toHaveLength(1)
  await expect(other.ask('pause', 'small')).rejects.toMatchObject({
    name: 'CommandRefusedError',
    message: 'Cannot pause scenario default/small of run "run": it is failed',
  })
  await expect(other.ask('restart', 'large')).rejects.toMatchObject({
    code: 'COMMAND_REFUSED',
    message: 'Cannot restart scenario default/large of run "run": it is running',
  })
  await expect(other.ask('pause', 'medium')).rejects.toMatchObject({
    code: 'COMMAND_REFUSED',
    hint: 'Say which: default/small, default/large',
  })

  const lines = calls.all().length
  calls.go()
  await other.ask('restart', 'small')
  expect(await owner.result()).toMatchObject({ status: 'complete' })
  const rows = await batchesOf(stage.query, 'run')
  expectAllConfirmedOnce(rows, SIZES)
  // It went on after its confirmed batches, in a new round.
  expect(rows.filter(({ scenario }) => scenario === 'small').map(({ from, round }) => [from, round])).toEqual(
    Array.from({ length: 12 }, (_, n) => [n * 5, n < 4 ? 0 : 1]),
  )
  const again = [...calls.counts(lines).keys()].filter((place) => place.startsWith('small'))
  expect(again).toEqual(Array.from({ length: 8 }, (_, n) => `small/1/${20 + n * 5}`))
  expect(calls.starts().filter(({ scenario }) => scenario === 'large')).toHaveLength(18)
})

test('a run that has ended is restarted by who has it no more, and goes on when it is resumed', async () => {
  const { owner, calls, ...stage } = await followed()
  await owner.ask('cancel', 'small')
  calls.go()
  expect(await owner.result()).toMatchObject({ status: 'failed', reason: 'cancelled' })
  await until('it is free', async () => (await lockHolders(stage.query)).length === 0)
  const lines = calls.all().length
  await owner.ask('restart', 'small')
  expect(await statusOf(stage)).toEqual({ status: 'running', reason: null })
  await expect(owner.ask('restart', 'small')).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
  await opportunity(stage.query, 20)
  expect(calls.starts(lines)).toEqual([])

  await owner.ask('resume', 'run')
  expect(await owner.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(stage.query, 'run'), SIZES)
  expect([...calls.counts(lines).keys()]).toEqual(Array.from({ length: 8 }, (_, n) => `small/1/${20 + n * 5}`))
})

test('what has failed is restarted from nothing, with keys of its own', async () => {
  const { owner, other, calls, ...stage } = await followed()
  await other.ask('cancel', 'small')
  const lines = calls.all().length
  calls.go()
  await other.ask('restart', 'small', { fresh: true })
  expect(await owner.result()).toMatchObject({ status: 'complete' })
  const rows = await batchesOf(stage.query, 'run')
  expectAllConfirmedOnce(
    rows.filter(({ scenario, round }) => scenario !== 'small' || round === 1),
    SIZES,
  )
  const fresh = calls.starts(lines).filter(({ scenario }) => scenario === 'small')
  expect(fresh.map(({ key }) => key)).toEqual(Array.from({ length: 12 }, (_, n) => `run/default/small/1/${n * 5}-${n * 5 + 5}/1`))
})

test('nobody owns the run: pause takes it, applies, and leaves; it stays paused until it is continued', async () => {
  const { owner, other, calls, ...stage } = await followed()
  await owner.kill()
  await until('it is free', async () => (await lockHolders(stage.query)).length === 0)
  const lines = calls.all().length
  await other.ask('pause')
  expect(await statusOf(stage)).toEqual({ status: 'paused', reason: 'user' })
  expect(await lockHolders(stage.query)).toEqual([])
  expect(calls.starts(lines)).toEqual([])

  calls.go()
  const next = spawnOwner({ database: stage.url })
  await next.ask('resume', 'run')
  await opportunity(stage.query)
  expect(calls.starts(lines)).toEqual([])
  await other.ask('continue')
  expect(await next.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(stage.query, 'run'), SIZES)
})

test('nobody owns the run: cancel ends it, with its report', async () => {
  const { owner, other, ...stage } = await followed()
  await owner.kill()
  await until('it is free', async () => (await lockHolders(stage.query)).length === 0)
  await other.ask('cancel')
  expect(await statusOf(stage)).toEqual({ status: 'failed', reason: 'cancelled' })
  expect(await lockHolders(stage.query)).toEqual([])
  const [row] = await stage.query`select finished_at is not null as finished, report->>'status' as status from troupe.runs where id = 'run'`
  expect(row).toEqual({ finished: true, status: 'failed' })
  expect(await other.result()).toMatchObject({
    status: 'failed',
    scenarios: [
      { reason: 'cancelled', items: 20 },
      { reason: 'cancelled', items: 20 },
    ],
  })
  await other.ask('cancel')
  await expect(other.ask('pause')).rejects.toMatchObject({ message: 'Cannot pause run "run": it is failed' })
})

test('an owner that dies while it is asked: who has asked takes over', async () => {
  const { owner, other, calls, ...stage } = await followed()
  owner.signal('SIGSTOP')
  let obeyed = false
  const asked = other.ask('pause').then(() => (obeyed = true))
  await until('the request is stored', async () => (await eventsOf(stage, 'request.made')).length === 1)
  await opportunity(stage.query, 20)
  expect(obeyed).toBe(false)
  await owner.kill()
  await asked
  expect(await statusOf(stage)).toEqual({ status: 'paused', reason: 'user' })
  expect(await eventsOf(stage, 'request.answered')).toHaveLength(1)

  // What was asked has been answered: nobody obeys it once more.
  calls.go()
  const next = spawnOwner({ database: stage.url })
  await next.ask('resume', 'run')
  await next.ask('continue')
  expect(await next.result()).toMatchObject({ status: 'complete' })
  expect(await eventsOf(stage, 'run.paused')).toHaveLength(1)
  expectAllConfirmedOnce(await batchesOf(stage.query, 'run'), SIZES)
})

test('many ask at once: each request is obeyed once', async () => {
  const { owner, other, calls, ...stage } = await followed()
  await other.ask('cancel', 'small')
  calls.go()
  // The second of them comes too late, since the first has restarted it.
  const answers = await Promise.allSettled([
    other.ask('restart', 'small'),
    other.ask('restart', 'small'),
    other.ask('pause'),
    other.ask('pause'),
  ])
  expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected'])
  expect((await eventsOf(stage, 'scenario.restarted', 'run.paused')).sort()).toEqual([
    'default/small scenario.restarted',
    'orchestrator run.paused',
  ])
  expect(await eventsOf(stage, 'request.answered')).toHaveLength(5)
  // What it led to and its answer are stored together: an owner that dies between them would obey it twice.
  const together = await stage.query`
    select from troupe.events restarted join troupe.events answered on answered.xmin = restarted.xmin
    where restarted.type = 'scenario.restarted' and answered.type = 'request.answered'`
  expect(together).toHaveLength(1)
  await other.ask('continue')
  expect(await owner.result()).toMatchObject({ status: 'complete' })
})

test('a request is heard although the connection on which it would have been heard was lost', async () => {
  const { owner, other, calls, ...stage } = await followed()
  await stage.query`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen%'`
  await other.ask('pause')
  expect(await statusOf(stage)).toEqual({ status: 'paused', reason: 'user' })
  await other.ask('continue')
  calls.go()
  expect(await owner.result()).toMatchObject({ status: 'complete' })
})

test('a run that ends while it is asked answers', async () => {
  const { owner, other, calls, ...stage } = await followed()
  owner.signal('SIGSTOP')
  const asked = other.ask('pause')
  await until('the request is stored', async () => (await eventsOf(stage, 'request.made')).length === 1)
  calls.go()
  owner.signal('SIGCONT')
  // Obeyed before its end, or refused after it: never neither.
  const answer = await asked.then(
    () => 'obeyed',
    (error: Error) => error.message,
  )
  if (answer === 'obeyed') {
    expect(await eventsOf(stage, 'run.paused')).toHaveLength(1)
    await other.ask('continue')
  } else {
    expect(answer).toBe('Cannot pause run "run": it is complete')
  }
  expect(await owner.result()).toMatchObject({ status: 'complete' })
})

test('the clock of a barrier stands while the user pauses', async () => {
  const timeoutMs = 300
  const sizes = { small: { size: 50 }, large: { size: 1_000_000 } }
  const { owner, other, calls, ...stage } = await followed({}, { scenarios: sizes, sync: { mode: 'milestone', at: [50], timeoutMs } })
  const find = async (type: string) => {
    const [row] = await stage.query<{ at: number; now: number }[]>`
      select extract(epoch from at)::float8 * 1000 as at, extract(epoch from clock_timestamp())::float8 * 1000 as now
      from troupe.events where run = 'run' and type = ${type}`
    return row
  }
  await other.ask('pause')
  calls.go()
  // What was in flight brings the small one to the barrier, and the large one is far from it.
  await until('more than the time-out has passed', async () => {
    const waiting = await find('barrier.waiting')
    return waiting && waiting.now > waiting.at + 2 * timeoutMs
  })
  await other.ask('continue')
  const [release] = await until('it is released', async () => {
    const found = await releasesOf(stage.query, 'run')
    return found.length > 0 && found
  })
  expect(release).toMatchObject({ pct: 50, outcome: 'timed-out' })
  expect(release!.releasedAt).toBeGreaterThanOrEqual((await find('run.continued'))!.at + timeoutMs)
  await owner.kill()
})
