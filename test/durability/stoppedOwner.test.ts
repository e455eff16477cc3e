import { appendFileSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { until } from '../support/until.ts'
import { SKILL, scene, spawnOwner, type Scene } from './harness.ts'
import { batchesOf, blocked, expectAllConfirmedOnce, lockHolders } from './stored.ts'

const SIZES = { small: 100 }
/** Owners believe in themselves for three seconds. */
const LONG_ENOUGH_MS = 3_100

/** Notes its key, and waits for the word to go on if it begins with item 20 or a later one. */
const SCRIPT = `
key="$TROUPE_IDEMPOTENCY_KEY"; range="$\${key##*/}"
echo "$key" >> "$1"
while [ "$\${range%%-*}" -ge 20 ] && [ ! -e "$1.go" ]; do sleep 0.02; done
cat`

const KINDS = {
  inline: ({ calls }: Scene) => ({
    kind: 'function' as const,
    module: SKILL,
    isolation: 'inline' as const,
    params: { calls: calls.file, holdFrom: 20 },
  }),
  process: ({ calls }: Scene) => ({ kind: 'function' as const, module: SKILL, params: { calls: calls.file, holdFrom: 20 } }),
  command: ({ calls }: Scene) => ({ kind: 'command' as const, command: ['sh', '-c', SCRIPT, 'sh', calls.file] }),
}

/** The batches that were called so far, in order. */
const called = ({ calls }: Scene) =>
  readFileSync(calls.file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.includes('"what":"end"'))

/** Stops an owner with four calls in flight, so that another gets its run. `stored`: its last write has gone through, and it has not heard of it. */
async function overtaken(stage: Scene, plan: PlanInput, { stored }: { stored: boolean }) {
  const { query, calls, url } = stage
  const stale = spawnOwner({ database: url })
  await stale.start(plan, { id: 'run' })
  await until('four calls wait', () => called(stage).length === 8)
  const gate = await query.reserve()
  if (stored) {
    await gate`select pg_advisory_lock(4711)`
    await query.unsafe(`
      create function wait_at_gate() returns trigger language plpgsql as $$ begin perform pg_advisory_lock_shared(4711); perform pg_advisory_unlock_shared(4711); return new; end $$;
      create trigger gate before insert on troupe.batches for each row when (new.from_item >= 20) execute function wait_at_gate()`)
    calls.go()
    await until('the write is under way', async () => (await blocked(query)).some((each) => each.query.includes('into troupe.batches')))
  }
  const [holder] = await lockHolders(query)
  const result = stale.result()
  result.catch(() => {})
  stale.signal('SIGSTOP')
  const stoppedAt = performance.now()
  await query`select pg_terminate_backend(${holder!})`
  await until('its lock is free', async () => (await lockHolders(query)).length === 0)
  if (stored) await gate`select pg_advisory_unlock(4711)`
  gate.release()
  return { stale, result, stoppedAt }
}

test.each([
  { durability: 'batch' as const, kind: 'inline' as const, stored: true },
  { durability: 'batch' as const, kind: 'command' as const, stored: true },
  { durability: 'milestone' as const, kind: 'process' as const, stored: false },
  { durability: 'exit' as const, kind: 'command' as const, stored: false },
])(
  '(s1) (F2) an owner that was stopped and overtaken calls nothing when it wakes: $durability, $kind',
  async ({ durability, kind, stored }) => {
    const stage = await scene()
    const { query, calls, url } = stage
    const plan: PlanInput = {
      name: 'stopped',
      skill: KINDS[kind](stage),
      scenarios: { small: { size: 100 } },
      ...{ batchSize: 5, parallel: 4, durability, breaker: false },
    }
    const { stale, result, stoppedAt } = await overtaken(stage, plan, { stored })
    const next = spawnOwner({ database: url })
    await next.ask('resume', 'run')
    calls.go()
    expect(await next.result()).toMatchObject({ status: 'complete' })
    const rows = await batchesOf(query, 'run')
    expectAllConfirmedOnce(rows, SIZES)
    await until('it was last heard of long ago', () => performance.now() - stoppedAt > LONG_ENOUGH_MS)
    appendFileSync(calls.file, 'it wakes\n')
    stale.signal('SIGCONT')
    await expect(result).rejects.toMatchObject({ code: 'OWNERSHIP_LOST' })
    await stale.close()
    const all = called(stage)
    expect(all.slice(all.indexOf('it wakes') + 1)).toEqual([])
    expect(await batchesOf(query, 'run')).toEqual(rows)
  },
)

test('(s1) an owner that was stopped for long and not overtaken goes on', async () => {
  const stage = await scene()
  const { query, calls, url } = stage
  const owner = spawnOwner({ database: url })
  const skill = KINDS.inline(stage)
  await owner.start(
    { name: 'stopped', skill, scenarios: { small: { size: 100 } }, batchSize: 5, parallel: 4, durability: 'milestone' },
    { id: 'run' },
  )
  await until('four calls wait', () => called(stage).length === 8)
  owner.signal('SIGSTOP')
  const stoppedAt = performance.now()
  await until('it was last heard of long ago', () => performance.now() - stoppedAt > LONG_ENOUGH_MS)
  calls.go()
  owner.signal('SIGCONT')
  expect(await owner.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(query, 'run'), SIZES)
  expect(calls.starts()).toHaveLength(20)
  await owner.close()
})
