import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import type { Report } from '../../src/report/report.ts'
import { until } from '../support/until.ts'
import { placeOf, type Call } from './calls.ts'
import { holdLock } from './hold.ts'
import { isAlive, planOf, randomFrom, scene, spawnOwner, type Scene } from './harness.ts'
import { batchesOf, confirmed, expectAllConfirmedOnce, milestonesOf, releasesOf, untilQuiet } from './stored.ts'

const KILLS = Number(process.env.TROUPE_KILLS ?? 24)
const SEED = Number(process.env.TROUPE_SEED ?? Date.now() % 1_000_000)

const SIZES = { simple: 40, medium: 90, complex: 205 }
const BATCH_SIZE = 5
/** After at most so many calls of a sitting it is killed. */
const LONGEST_SITTING = 24

interface Kind {
  mode: 'free' | 'milestone' | 'lockstep'
  isolation: 'process' | 'inline'
  parallel: 1 | 4
}

const KINDS: Kind[] = [
  { mode: 'free', isolation: 'process', parallel: 1 },
  { mode: 'free', isolation: 'inline', parallel: 4 },
  { mode: 'milestone', isolation: 'process', parallel: 4 },
  { mode: 'milestone', isolation: 'inline', parallel: 1 },
  { mode: 'lockstep', isolation: 'process', parallel: 1 },
  { mode: 'lockstep', isolation: 'inline', parallel: 4 },
]

const BARRIERS = { free: [], milestone: [30, 70, 100], lockstep: [10, 20, 30, 40, 50, 60, 70, 80, 90, 100] }

/** What was known right after a kill. */
interface Kill {
  at: number
  /** Lines of the skill's notes by then. */
  lines: number
  /** Places whose outcome was stored. */
  stored: Set<string>
  /** Of calls that had begun without an outcome that is stored. */
  inFlight: string[]
  released: number[]
  /** When the process that went on was started. */
  resumedAt: number
}

test.each(KINDS.map((kind, i) => ({ ...kind, seed: SEED + i })))(
  'kill -9 of the owner of a run, $mode, $isolation, $parallel at once (TROUPE_SEED=$seed)',
  async ({ seed, ...kind }) => {
    console.info(`kill -9: seed ${seed} for ${kind.mode}, ${kind.isolation}, ${kind.parallel} at once`)
    const random = randomFrom(seed)
    for (let left = Math.ceil(KILLS / KINDS.length), n = 1; left > 0; n++) left -= await oneRun(kind, `run-${n}`, left, random)
  },
)

async function oneRun(kind: Kind, id: string, most: number, random: () => number): Promise<number> {
  // Killed while the schema is made, too.
  const stage = await scene({ empty: true })
  const { url, calls } = stage
  const plan = killedPlan(kind, stage)
  const kills: Kill[] = []
  let report: Report | undefined
  while (!report) {
    const resumedAt = Date.now()
    const before = kills.at(-1)
    if (before) before.resumedAt = resumedAt
    const lines = calls.all().length
    const owner = spawnOwner({ database: url })
    const started = owner.start(plan, { id })
    const ended = started.then(() => owner.result())
    let failure: unknown
    ended.catch((error: unknown) => (failure = error))
    if (kills.length === most) {
      report = await ended
      await owner.close()
      break
    }
    const sitting = Math.floor(random() * LONGEST_SITTING)
    const pauseMs = random() * (sitting === 0 ? 400 : 8)
    const over = ended.then((value) => (report = value))
    over.catch(() => {})
    await until('it is time to kill', () => report ?? failure ?? calls.starts(lines).length >= sitting)
    if (failure) throw failure
    await Promise.race([over.catch(() => {}), new Promise((resolve) => setTimeout(resolve, pauseMs))])
    if (report) await owner.close()
    else kills.push(await kill(stage, owner, id))
  }
  await check(stage, kind, id, kills, report)
  return kills.length
}

const killedPlan = ({ mode, isolation, parallel }: Kind, { calls }: Scene): PlanInput =>
  planOf(
    calls,
    {
      scenarios: Object.fromEntries(Object.entries(SIZES).map(([name, size]) => [name, { size, timeBudgetMs: 600_000 }])),
      batchSize: BATCH_SIZE,
      parallel,
      sync: { mode },
    },
    { ms: 8 },
    isolation,
  )

async function kill({ query, calls }: Scene, owner: ReturnType<typeof spawnOwner>, run: string): Promise<Kill> {
  await owner.kill()
  const at = Date.now()
  await untilQuiet(query)
  const [table] = await query<{ there: boolean }[]>`select to_regclass('troupe.batches') is not null as there`
  const stored = new Set(table!.there ? confirmed(await batchesOf(query, run)) : [])
  const released = table!.there ? (await releasesOf(query, run)).map(({ pct }) => pct) : []
  const inFlight = [...calls.counts().keys()].filter((place) => !stored.has(place))
  return { at, lines: calls.all().length, stored, inFlight, released, resumedAt: at }
}

async function check({ query, calls }: Scene, { mode, parallel }: Kind, run: string, kills: readonly Kill[], report: Report) {
  expect(report.status).toBe('complete')
  const rows = await batchesOf(query, run)
  expectAllConfirmedOnce(rows, SIZES)
  for (const { result, items } of rows) expect(result).toHaveLength(items)

  // What was stored before a kill was not called again; what was, had been in flight.
  for (const { lines, stored } of kills) {
    expect(calls.starts(lines).filter((call) => stored.has(placeOf(call)))).toEqual([])
  }
  for (const { inFlight } of kills) {
    for (const scenario of Object.keys(SIZES))
      expect(inFlight.filter((p) => p.startsWith(`${scenario}/`)).length).toBeLessThanOrEqual(parallel)
  }
  const counts = calls.counts()
  const repeated = [...counts.values()].reduce((sum, n) => sum + n - 1, 0)
  expect(repeated).toBeLessThanOrEqual(kills.reduce((sum, { inFlight }) => sum + inFlight.length, 0))
  for (const [place, n] of counts) expect(n - 1, place).toBeLessThanOrEqual(kills.filter(({ inFlight }) => inFlight.includes(place)).length)
  expect(counts.size).toBe(rows.length)

  expectOneKeyForEach(calls.starts(), run)
  const milestones = [...new Set([0, 30, 50, 70, 90, 100, ...BARRIERS[mode]])].sort((a, b) => a - b)
  const each = Object.fromEntries(Object.keys(SIZES).map((scenario) => [`default/${scenario}`, milestones]))
  expect(await milestonesOf(query, run)).toEqual({ events: each, checkpoints: each })

  await expectBarriersHonoured({ query, calls } as Scene, mode, run, kills)
  await expectTimesAddUp(query, run, kills, report)
  expect([...new Set(calls.starts().map(({ pid }) => pid))].filter(isAlive)).toEqual([])
}

function expectOneKeyForEach(starts: readonly Call[], run: string) {
  for (const { key, scenario, from, to, items } of starts) {
    expect(key).toBe(`${run}/default/${scenario}/1/${from}-${to}`)
    const same = starts.find((other) => other.key === key)!
    expect(items).toBe(same.items)
  }
}

/** No call lies at or behind a barrier's share before its release is stored. */
async function expectBarriersHonoured({ query, calls }: Scene, mode: Kind['mode'], run: string, kills: readonly Kill[]) {
  const releases = await releasesOf(query, run)
  expect(releases.map(({ pct, outcome }) => `${pct} ${outcome}`)).toEqual(BARRIERS[mode].map((pct) => `${pct} all`))
  const isBehind = ({ scenario, from }: Call, pct: number) => from * 100 >= pct * SIZES[scenario as keyof typeof SIZES]
  for (const call of calls.starts()) {
    for (const { pct, releasedAt } of releases)
      if (isBehind(call, pct)) expect(call.at, `${placeOf(call)} at ${pct} %`).toBeGreaterThanOrEqual(releasedAt)
  }
  for (const { lines, released } of kills) {
    const unreleased = BARRIERS[mode].filter((pct) => !released.includes(pct))
    const early = calls
      .all()
      .slice(0, lines)
      .filter((call) => unreleased.some((pct) => isBehind(call, pct)))
    expect(early).toEqual([])
  }
}

/** Every moment from a scenario's start to its end is charged once, and those without an owner to `interrupted`. */
async function expectTimesAddUp(query: Scene['query'], run: string, kills: readonly Kill[], report: Report) {
  for (const { name, elapsedMs, activeMs, pausedMs } of report.scenarios) {
    const [{ from, to }] = (await query`
      select extract(epoch from min(at) filter (where type = 'scenario.started'))::float8 * 1000 as from,
        extract(epoch from max(at) filter (where type = 'scenario.completed'))::float8 * 1000 as to
      from troupe.events where run = ${run} and actor = ${`default/${name}`}`) as unknown as [{ from: number; to: number }]
    expect(elapsedMs + pausedMs.interrupted, `${name}: elapsed and interrupted`).toBeCloseTo(to - from, 0)
    expect(activeMs).toBeGreaterThan(0)
    expect(activeMs).toBeLessThanOrEqual(elapsedMs + 5)
    const unowned = kills.filter(({ at }) => at > from && at < to).reduce((sum, { at, resumedAt }) => sum + resumedAt - at, 0)
    expect(pausedMs.interrupted, `${name}: interrupted`).toBeGreaterThanOrEqual(unowned - 5)
    expect(pausedMs).toMatchObject({ user: 0, database: 0, breaker: 0 })
  }
}

test.each([
  { parallel: 1, seed: SEED + 100 },
  { parallel: 4, seed: SEED + 101 },
])('kill -9 of worker processes, $parallel at once (TROUPE_SEED=$seed)', async ({ parallel, seed }) => {
  console.info(`kill -9 of workers: seed ${seed} for ${parallel} at once`)
  const random = randomFrom(seed)
  const { url, query, calls } = await scene()
  const scenarios = Object.fromEntries(Object.entries(SIZES).map(([name, size]) => [name, { size }]))
  const retry = { attempts: 100, backoffMs: 1, on: ['recoverable' as const, 'transient' as const] }
  const plan = planOf(
    calls,
    { scenarios, batchSize: BATCH_SIZE, parallel, retry, breaker: false, workers: { max: 3 } },
    { ms: 8 },
    'process',
  )
  const owner = spawnOwner({ database: url })
  await owner.start(plan, { id: 'run' })
  let report: Report | undefined
  const ended = owner.result().then((value) => (report = value))
  let killed = 0
  for (let lines = 0; !report && killed < 10; lines = calls.all().length) {
    const some = 1 + Math.floor(random() * 10)
    await until('some calls were made', () => report !== undefined || calls.starts(lines).length >= some)
    const at = calls.starts(lines)
    const victim = at[Math.floor(random() * at.length)]?.pid
    if (report || victim === undefined || victim === owner.pid || !isAlive(victim)) continue
    process.kill(victim, 'SIGKILL')
    killed++
  }
  await ended
  expect(killed).toBeGreaterThan(0)
  expect(report).toMatchObject({ status: 'complete' })
  const rows = await batchesOf(query, 'run')
  expectAllConfirmedOnce(rows, SIZES)
  const counts = calls.counts()
  expect([...counts.values()].reduce((sum, n) => sum + n - 1, 0)).toBeLessThanOrEqual(killed * parallel)
  expectOneKeyForEach(calls.starts(), 'run')
  // A call that was answered is never made again.
  const answered = calls
    .all()
    .filter(({ what }) => what === 'end')
    .map(placeOf)
  expect(answered.length - new Set(answered).size).toBeLessThanOrEqual(killed)
  await owner.close()
  expect([...new Set(calls.starts().map(({ pid }) => pid))].filter(isAlive)).toEqual([])
})

test('kill -9 between the last batch and the end of the run: it comes to its end, and nothing is called', async () => {
  const { url, query, calls } = await scene()
  const owner = spawnOwner({ database: url })
  const plan = planOf(calls, { scenarios: { simple: { size: 20 }, medium: { size: 40 } }, batchSize: BATCH_SIZE }, { holdFrom: 15 })
  await owner.start(plan, { id: 'run' })
  await until('both scenarios wait', () => calls.starts().filter(({ from }) => from === 15).length === 2)
  // Everything may be written but the run's own row, and what is written with it.
  const lock = await holdLock(query, 'troupe.runs', 'share')
  calls.go()
  const ended = () => query`select from troupe.events where type = 'scenario.completed'`
  await until('all is stored', async () => (await query`select from troupe.batches`).length === 12)
  await until('one scenario has ended', async () => (await ended()).length === 1)
  await owner.kill()
  // A server would still do what waits there.
  await query`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'troupe'`
  await lock.release()
  await untilQuiet(query)
  expect(await query`select from troupe.runs where finished_at is null`).toHaveLength(1)

  const lines = calls.all().length
  const next = spawnOwner({ database: url })
  await next.ask('resume', 'run')
  expect(await next.result()).toMatchObject({ status: 'complete', scenarios: [{ items: 20 }, { items: 40 }] })
  await next.close()
  expect(calls.starts(lines)).toEqual([])
  expect(await ended()).toHaveLength(2)
  expect(await query`select from troupe.events where type = 'run.completed'`).toHaveLength(1)
  expect(await query`select from troupe.runs where status = 'complete' and finished_at is not null and report is not null`).toHaveLength(1)
})
