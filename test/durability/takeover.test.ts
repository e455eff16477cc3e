import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { until } from '../support/until.ts'
import { holdLock, opportunity } from './hold.ts'
import { OwnerError, planOf, scene, spawnOwner, type Scene } from './harness.ts'
import { batchesOf, blocked, expectAllConfirmedOnce, lockHolders, untilQuiet } from './stored.ts'

const SIZES = { small: 60 }
const BATCH_SIZE = 5

const planFor = ({ calls }: Scene, params: object = {}): PlanInput =>
  planOf(calls, { scenarios: { small: { size: 60 } }, batchSize: BATCH_SIZE }, { ms: 5, ...params })

test('of two that resume a run at once one gets it, and the other hears who has it', async () => {
  const stage = await scene()
  const first = spawnOwner({ database: stage.url })
  await first.start(planFor(stage, { holdFrom: 20 }), { id: 'run' })
  await until('some is done', () => stage.calls.starts().some(({ from }) => from === 20))
  await first.kill()
  await untilQuiet(stage.query)

  const rivals = [spawnOwner({ database: stage.url }), spawnOwner({ database: stage.url })]
  const answers = await Promise.allSettled(rivals.map((rival) => rival.ask('resume', 'run')))
  const winner = answers.findIndex(({ status }) => status === 'fulfilled')
  const [refused, ...more] = answers.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
  expect(more).toEqual([])
  expect(refused!.reason).toBeInstanceOf(OwnerError)
  expect(refused!.reason).toMatchObject({ name: 'RunHeldError', code: 'RUN_HELD' })
  expect(refused!.reason.message).toBe(`Run "run" is being worked on by process ${rivals[winner]!.pid} on ${hostname()}`)

  stage.calls.go()
  expect(await rivals[winner]!.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(stage.query, 'run'), SIZES)
  const [{ epoch }] = (await stage.query`select epoch from troupe.runs where id = 'run'`) as unknown as [{ epoch: number }]
  expect(epoch).toBe(2)
  // Called twice: what was in flight at the kill, and nothing else.
  expect([...stage.calls.counts()].filter(([, n]) => n > 1)).toEqual([['small/1/20', 2]])
})

/** Stops a process where it is, and frees its runs, as the database does when it hears no more from a host. */
async function cutOff({ query }: Scene, owner: ReturnType<typeof spawnOwner>) {
  const [holder] = await lockHolders(query)
  owner.signal('SIGSTOP')
  await query`select pg_terminate_backend(${holder!})`
  await until('its lock is free', async () => (await lockHolders(query)).length === 0)
}

test('a write that waits at the take-over is refused when it comes later, and its owner stops without another call', async () => {
  const stage = await scene()
  const { query, calls, url } = stage
  const stale = spawnOwner({ database: url })
  await stale.start(planFor(stage), { id: 'run' })
  await until('some batches are stored', async () => (await batchesOf(query, 'run')).length >= 3)
  // Its next write waits before it has looked at the epoch.
  const lock = await holdLock(query, 'troupe.batches', 'access exclusive')
  await until('a write waits', async () => (await blocked(query)).some((each) => each.query.includes('insert into troupe.batches')))
  await cutOff(stage, stale)

  const next = spawnOwner({ database: url })
  const resumed = next.ask('resume', 'run')
  await until('it is taken over', async () => (await query`select from troupe.runs where id = 'run' and epoch = 2`).length === 1)
  await lock.release()
  await resumed
  expect(await next.result()).toMatchObject({ status: 'complete' })

  const rows = await batchesOf(query, 'run')
  expectAllConfirmedOnce(rows, SIZES)
  const before = calls.starts().filter(({ pid }) => pid === stale.pid)
  const refused = before.filter(({ from }) => calls.starts().some((call) => call.pid === next.pid && call.from === from))
  // What was refused was called again by the new owner, and nothing else was.
  expect(refused.map(({ from }) => from)).toEqual([before.at(-1)!.from])

  const result = stale.result()
  stale.signal('SIGCONT')
  await expect(result).rejects.toMatchObject({ name: 'OwnershipLostError', code: 'OWNERSHIP_LOST' })
  await stale.close()
  expect(calls.starts().filter(({ pid }) => pid === stale.pid)).toEqual(before)
  expect(await batchesOf(query, 'run')).toEqual(rows)
})

test('a write that is under way at the take-over is stored first, and the new owner sees it', async () => {
  const stage = await scene()
  const { query, calls, url } = stage
  const stale = spawnOwner({ database: url })
  await stale.start(planFor(stage, { holdFrom: 20 }), { id: 'run' })
  await until('the fifth batch is called', () => calls.starts().some(({ from }) => from === 20))
  // The write stops in the middle: it holds the run's row, and its batch is not in yet.
  const gate = await query.reserve()
  await gate`select pg_advisory_lock(4711)`
  await query.unsafe(`
    create function wait_at_gate() returns trigger language plpgsql as $$ begin perform pg_advisory_lock_shared(4711); perform pg_advisory_unlock_shared(4711); return new; end $$;
    create trigger gate before insert on troupe.batches for each row when (new.from_item = 20) execute function wait_at_gate()`)
  calls.go()
  await until('the write waits in its middle', async () =>
    (await blocked(query)).some((each) => each.query.includes('insert into troupe.batches')),
  )
  await cutOff(stage, stale)

  const next = spawnOwner({ database: url })
  const resumed = next.ask('resume', 'run')
  await until('the take-over waits for the write', async () =>
    (await blocked(query)).some((each) => each.query.includes('epoch = epoch + 1')),
  )
  expect((await batchesOf(query, 'run')).map(({ from }) => from)).toEqual([0, 5, 10, 15])
  await gate`select pg_advisory_unlock(4711)`
  gate.release()
  await resumed
  expect(await next.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(query, 'run'), SIZES)
  // Stored by the old owner, seen by the new one.
  expect([...calls.counts()].filter(([, n]) => n > 1)).toEqual([])

  const rows = await batchesOf(query, 'run')
  const result = stale.result()
  stale.signal('SIGCONT')
  await expect(result).rejects.toMatchObject({ code: 'OWNERSHIP_LOST' })
  await stale.close()
  // Told of the write before it is told of the take-over, it may have begun one call more. Nothing of that is stored.
  expect(calls.starts().filter(({ pid }) => pid === stale.pid).length).toBeLessThanOrEqual(6)
  expect(await batchesOf(query, 'run')).toEqual(rows)
})

test('an owner that was taken over in the middle of a call makes no other, and what it returns is refused', async () => {
  const stage = await scene()
  const { query, calls, url } = stage
  const stale = spawnOwner({ database: url })
  await stale.start(planFor(stage, { holdFrom: 20 }), { id: 'run' })
  await until('the fifth batch is called', () => calls.starts().some(({ from }) => from === 20))
  await cutOff(stage, stale)
  const next = spawnOwner({ database: url })
  await next.ask('resume', 'run')
  await until('it is called again', () => calls.counts().get('small/1/20') === 2)
  calls.go()
  const report = await next.result()
  const rows = await batchesOf(query, 'run')
  const result = stale.result()
  stale.signal('SIGCONT')
  await expect(result).rejects.toMatchObject({ code: 'OWNERSHIP_LOST' })
  await stale.close()
  expect(report).toMatchObject({ status: 'complete' })
  expect(await batchesOf(query, 'run')).toEqual(rows)
  expectAllConfirmedOnce(rows, SIZES)
  expect(
    calls
      .starts()
      .filter(({ pid }) => pid === stale.pid)
      .map(({ from }) => from),
  ).toEqual([0, 5, 10, 15, 20])
})

test('an owner whose lock is lost takes it again when nobody else has', async () => {
  const stage = await scene()
  const { query, calls, url } = stage
  const owner = spawnOwner({ database: url })
  await owner.start(planFor(stage, { holdFrom: 20 }), { id: 'run' })
  await until('the fifth batch is called', () => calls.starts().some(({ from }) => from === 20))
  for (let n = 0; n < 3; n++) {
    const [before] = await lockHolders(query)
    await query`select pg_terminate_backend(${before!})`
    await until('another session has the lock', async () => {
      const now = await lockHolders(query)
      return now.length === 1 && now[0] !== before
    })
  }
  const rival = spawnOwner({ database: url })
  await expect(rival.ask('resume', 'run')).rejects.toMatchObject({ name: 'RunHeldError' })
  calls.go()
  expect(await owner.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(query, 'run'), SIZES)
  expect([...calls.counts().values()].every((n) => n === 1)).toBe(true)
  // Given back, all of it, at the end of the run.
  await until('the lock is free', async () => (await lockHolders(query)).length === 0)
})

test('an owner whose lock is lost to another stops at once', async () => {
  const stage = await scene()
  const { query, calls, url } = stage
  const owner = spawnOwner({ database: url })
  await owner.start(planFor(stage, { holdFrom: 20 }), { id: 'run' })
  await until('the fifth batch is called', () => calls.starts().some(({ from }) => from === 20))
  const [holder] = await lockHolders(query)
  const rival = await query.reserve()
  const taken = rival`select pg_advisory_lock(hashtextextended('run', 7227))`
  taken.catch(() => {})
  await until(
    'the rival waits for it',
    async () => (await query`select from pg_locks where locktype = 'advisory' and not granted`).length > 0,
  )
  const result = owner.result()
  await query`select pg_terminate_backend(${holder!})`
  await taken
  await rival`update troupe.runs set epoch = epoch + 1 where id = 'run'`
  await expect(result).rejects.toMatchObject({ code: 'OWNERSHIP_LOST' })
  await owner.close()
  await rival`select pg_advisory_unlock_all()`
  rival.release()

  calls.go()
  const next = spawnOwner({ database: url })
  await next.ask('resume', 'run')
  expect(await next.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(query, 'run'), SIZES)
  expect(calls.starts().filter(({ pid }) => pid === owner.pid)).toHaveLength(5)
})

test('an owner whose lock is still with a session of its own that the server takes to be alive keeps the run, and waits for it', async () => {
  const stage = await scene()
  const { query, calls, url } = stage
  const owner = spawnOwner({ database: url })
  await owner.start(planFor(stage, { holdFrom: 20 }), { id: 'run' })
  await until('the fifth batch is called', () => calls.starts().some(({ from }) => from === 20))
  const [holder] = await lockHolders(query)
  const ghost = await query.reserve()
  const taken = ghost`select pg_advisory_lock(hashtextextended('run', 7227))`
  taken.catch(() => {})
  await until(
    'the ghost waits for it',
    async () => (await query`select from pg_locks where locktype = 'advisory' and not granted`).length > 0,
  )
  await query`select pg_terminate_backend(${holder!})`
  await taken
  await opportunity(query)
  const [there] = await lockHolders(query)
  await ghost`select pg_advisory_unlock_all()`
  ghost.release()
  await until('a session of the owner has the lock', async () => {
    const [now] = await lockHolders(query)
    return now !== undefined && now !== there
  })
  calls.go()
  expect(await owner.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(query, 'run'), SIZES)
  expect([...calls.counts().values()].every((n) => n === 1)).toBe(true)
})
