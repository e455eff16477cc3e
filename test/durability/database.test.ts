import type postgres from 'postgres'
import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import type { Report } from '../../src/report/report.ts'
import { until } from '../support/until.ts'
import { planOf, randomFrom, scene, spawnOwner, type Scene } from './harness.ts'
import { deafLine, ownServer } from './server.ts'
import { batchesOf, expectAllConfirmedOnce, milestonesOf } from './stored.ts'

const SEED = Number(process.env.TROUPE_SEED ?? Date.now() % 1_000_000)
const SIZES = { simple: 60, medium: 120, complex: 200 }
const MILESTONES = [0, 30, 50, 70, 90, 100]

const planFor = ({ calls }: Pick<Scene, 'calls'>, more: Partial<PlanInput> = {}): PlanInput => {
  const scenarios = Object.fromEntries(Object.entries(SIZES).map(([name, size]) => [name, { size }]))
  return planOf(calls, { scenarios, batchSize: 5, parallel: 2, sync: { mode: 'milestone' }, ...more }, { ms: 12 })
}

/** Nobody was killed, so nothing may have been called twice, and nothing stored twice. */
async function expectUntouched(query: postgres.Sql, { calls }: Pick<Scene, 'calls'>, report: Report) {
  expect(report.status).toBe('complete')
  expectAllConfirmedOnce(await batchesOf(query, 'run'), SIZES)
  expect([...calls.counts()].filter(([, n]) => n !== 1)).toEqual([])
  const each = Object.fromEntries(Object.keys(SIZES).map((scenario) => [`default/${scenario}`, MILESTONES]))
  expect(await milestonesOf(query, 'run')).toEqual({ events: each, checkpoints: each })
  const twice = await query`select actor, type, at, data from troupe.events where run = 'run' group by 1, 2, 3, 4 having count(*) > 1`
  expect([...twice]).toEqual([])
  const [{ released }] = (await query`
    select array_agg(milestone_pct::int order by milestone_pct) as released from troupe.orchestration_milestones
    where run = 'run' and outcome = 'all'`) as unknown as [{ released: number[] }]
  expect(released).toEqual([30, 70, 100])
}

/** How often the run paused for the database, and how often it went on. */
async function databasePauses(query: postgres.Sql) {
  const [row] = await query<{ paused: number; continued: number }[]>`
    select count(*) filter (where type = 'run.paused' and data->'reasons' = '["database"]')::int as paused,
      count(*) filter (where type = 'run.continued')::int as continued
    from troupe.events where run = 'run'`
  return row!
}

test.each(['crash', 'stopImmediately'] as const)(
  'PostgreSQL goes down in mid-run (%s) and comes back: the run pauses, goes on, and loses nothing',
  async (how) => {
    const server = await ownServer()
    const { calls } = await scene()
    const random = randomFrom(SEED)
    console.info(`${how}: seed ${SEED}`)
    const owner = spawnOwner({ database: 'embedded', directory: server.directory })
    await owner.start(planFor({ calls }), { id: 'run' })
    let report: Report | undefined
    const ended = owner.result().then((value) => (report = value))
    ended.catch(() => {})
    for (let n = 1; n <= 3; n++) {
      const some = calls.starts().length + 4 + Math.floor(random() * 10)
      await until('some calls were made', () => report ?? calls.starts().length >= some)
      expect(report, 'the run is longer than this test').toBeUndefined()
      await server[how]()
    }
    await ended
    await server.revive()
    await expectUntouched(server.query, { calls }, report!)
    const { paused, continued } = await databasePauses(server.query)
    expect(paused).toBeGreaterThanOrEqual(1)
    expect(continued).toBe(paused)
    expect(report!.scenarios.some(({ pausedMs }) => pausedMs.database > 0)).toBe(true)
    await owner.close()
  },
)

test('all connections are ended again and again: nothing is lost', async () => {
  const stage = await scene()
  const owner = spawnOwner({ database: stage.url })
  await owner.start(planFor(stage), { id: 'run' })
  let report: Report | undefined
  const ended = owner.result().then((value) => (report = value))
  ended.catch(() => {})
  for (let n = 1; n <= 8; n++) {
    const some = stage.calls.starts().length + 5
    await until('some calls were made', () => report ?? stage.calls.starts().length >= some)
    await stage.query`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'troupe'`
  }
  await ended
  await expectUntouched(stage.query, stage, report!)
  await owner.close()
})

test('what was stored but never acknowledged is not stored again', async () => {
  const stage = await scene()
  const { query, calls } = stage
  const line = await deafLine(stage.url)
  const owner = spawnOwner({ database: line.url })
  await owner.start(planFor(stage), { id: 'run' })
  let report: Report | undefined
  let failure: Error | undefined
  const ended = owner.result().then((value) => (report = value))
  ended.catch((error: Error) => (failure = error))
  let unheard = 0
  while (!report && unheard < 6) {
    const some = calls.starts().length + 4
    await until('some calls were made', () => {
      if (failure) throw failure
      return report ?? calls.starts().length >= some
    })
    line.turnDeafAtNextFlush()
    await until('an answer is lost', () => report ?? line.isDeaf())
    if (line.isDeaf()) unheard++
    line.cut()
  }
  await ended
  expect(unheard).toBeGreaterThanOrEqual(3)
  await expectUntouched(query, stage, report!)
  const { paused, continued } = await databasePauses(query)
  expect(paused).toBeGreaterThanOrEqual(1)
  expect(continued).toBe(paused)
  await owner.close()
})

test('a database that stays away for too long ends the run here, and it can be resumed', async () => {
  const server = await ownServer()
  const { calls } = await scene()
  const owner = spawnOwner({ database: server.url, retryForMs: 300 })
  const plan = planFor({ calls })
  await owner.start(plan, { id: 'run' })
  await until('some calls were made', () => calls.starts().length >= 20)
  const result = owner.result()
  await server.crash()
  await expect(result).rejects.toMatchObject({ name: 'DatabaseLostError', code: 'DATABASE_LOST' })
  await expect(result).rejects.toThrow('The database has been away for more than 0.3 s')
  const lines = calls.all().length
  await owner.close()
  // Nothing goes on behind its back.
  expect(calls.starts(lines)).toEqual([])

  await server.revive()
  const stored = new Set((await batchesOf(server.query, 'run')).map(({ scenario, from }) => `${scenario}/1/${from}`))
  const next = spawnOwner({ database: server.url })
  expect(await next.start(plan)).toEqual({ id: 'run', resumed: true })
  expect(await next.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(server.query, 'run'), SIZES)
  expect([...calls.counts(lines).keys()].filter((place) => stored.has(place))).toEqual([])
  await next.close()
})

test.each([
  { what: 'a result that a rule of the database refuses', result: 'poison' },
  { what: 'a result nested too deeply for the database', result: 'deep' },
])('$what fails its own batch, and nothing else', async ({ result }) => {
  const stage = await scene()
  const { query, calls } = stage
  // The least that a database can be given: what is too deep for it is not yet too deep for us.
  await query.unsafe(`do $$ begin execute format('alter database %I set max_stack_depth = ''100kB''', current_database()); end $$`)
  const owner = spawnOwner({ database: stage.url })
  const scenarios = Object.fromEntries(Object.entries(SIZES).map(([name, size]) => [name, { size, errorTolerance: 0.5 }]))
  const plan = planOf(calls, { scenarios, batchSize: 5, parallel: 4 }, { only: Object.keys(SIZES), poison: { from: 20, result } })
  // Brings the schema, so that the rule can be made before the run begins.
  await owner.ask('migrated')
  await query`alter table troupe.batches add constraint no_poison check (result::text not like '%poison%')`
  await owner.start(plan, { id: 'run' })
  const report = await owner.result()
  expect(report).toMatchObject({ status: 'complete' })
  const rows = await batchesOf(query, 'run')
  expect(
    rows
      .filter(({ outcome }) => outcome === 'failed')
      .map(({ scenario, from }) => `${scenario}/${from}`)
      .sort(),
  ).toEqual(['complex/20', 'medium/20', 'simple/20'])
  expect(rows.filter(({ outcome }) => outcome === 'ok')).toHaveLength((60 + 120 + 200) / 5 - 3)
  expect([...calls.counts()].filter(([, n]) => n !== 1)).toEqual([])
  for (const { errors } of report.scenarios) {
    expect(errors.last).toHaveLength(1)
    expect(JSON.stringify(errors.last)).toContain('The database refuses')
  }
  await owner.close()
})

test.each([
  { what: 'a full disk', code: '53100', message: 'could not extend file "base/1/2": No space left on device' },
  { what: '(case 27) a fail-over', code: '25006', message: 'cannot execute INSERT in a read-only transaction' },
  { what: 'a cancelled statement', code: '57014', message: 'canceling statement due to statement timeout' },
  { what: 'serialization failures', code: '40001', message: 'could not serialize access', refusals: 12 },
])('(F6) $what is waited for, and the run goes on', async ({ code, message, refusals = 3 }) => {
  const stage = await scene()
  const { url, query, calls } = stage
  const owner = spawnOwner({ database: url })
  await owner.start(planFor(stage), { id: 'run' })
  await until('some calls were made', () => calls.starts().length >= 20)
  await query.unsafe(`
    create sequence troupe.refusals;
    create function refuse() returns trigger language plpgsql as $$ begin perform nextval('troupe.refusals'); raise exception using errcode = '${code}', message = '${message}'; end $$;
    create trigger refuse before insert on troupe.batches execute function refuse()`)
  // A sequence counts what is rolled back, too. Contention is tried ten times at once.
  await until('it was refused again and again', async () => {
    const [{ n }] = (await query`select last_value::int as n from troupe.refusals`) as unknown as [{ n: number }]
    return n >= refusals
  })
  await query.unsafe('drop function refuse cascade')
  const report = await owner.result()
  await expectUntouched(query, stage, report)
  expect(report.scenarios.some(({ pausedMs }) => (pausedMs.database ?? 0) > 0)).toBe(true)
  await owner.close()
})

test('(F6) what is waited for in vain ends the run here, resumable, and says why', async () => {
  const stage = await scene()
  const { url, query, calls } = stage
  const owner = spawnOwner({ database: url, retryForMs: 300 })
  const plan = planFor(stage)
  await owner.start(plan, { id: 'run' })
  await until('some calls were made', () => calls.starts().length >= 20)
  const result = owner.result()
  await query.unsafe(`
    create function refuse() returns trigger language plpgsql as $$ begin raise exception using errcode = '53100', message = 'No space left on device'; end $$;
    create trigger refuse before insert on troupe.batches execute function refuse()`)
  await expect(result).rejects.toMatchObject({
    code: 'DATABASE_LOST',
    message: 'The database has been away for more than 0.3 s: No space left on device',
  })
  const lines = calls.all().length
  await owner.close()
  expect(calls.starts(lines)).toEqual([])
  await query.unsafe('drop function refuse cascade')
  const stored = new Set((await batchesOf(query, 'run')).map(({ scenario, from }) => `${scenario}/1/${from}`))
  const next = spawnOwner({ database: url })
  await next.start(plan, { id: 'run' })
  expect(await next.result()).toMatchObject({ status: 'complete' })
  expectAllConfirmedOnce(await batchesOf(query, 'run'), SIZES)
  expect([...calls.counts(lines).keys()].filter((place) => stored.has(place))).toEqual([])
  await next.close()
})
