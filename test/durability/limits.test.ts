import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { until } from '../support/until.ts'
import { isAlive, planOf, scene, spawnOwner, type Scene } from './harness.ts'
import { batchesOf, expectAllConfirmedOnce, untilQuiet } from './stored.ts'

const scenarios = { small: { size: 40 }, large: { size: 90 } }

/** Runs to its end a plan in which the small scenario meets its limit; the large one must know nothing of it. */
async function run(plan: Partial<PlanInput>, params: object, isolation: 'inline' | 'process' = 'process') {
  const stage = await scene()
  const owner = spawnOwner({ database: stage.url })
  await owner.start(planOf(stage.calls, { scenarios, batchSize: 5, ...plan }, { only: ['small'], ...params }, isolation), { id: 'run' })
  const report = await owner.result()
  await owner.close()
  const rows = await batchesOf(stage.query, 'run')
  const [small, large] = report.scenarios
  expect(large).toMatchObject({ name: 'large', status: 'complete', items: 90, itemsFailed: 0, retries: 0 })
  expectAllConfirmedOnce(rows, { large: 90 })
  expect(countOf(stage, 'large')).toEqual(Array.from({ length: 18 }, (_, n) => [n * 5, 1]))
  expect(
    stage.calls
      .starts()
      .map(({ pid }) => pid)
      .filter(isAlive),
  ).toEqual([])
  return { ...stage, report, small: small!, rows: rows.filter(({ scenario }) => scenario === 'small') }
}

/** How often each batch of a scenario was called, by its first item. */
function countOf({ calls }: Pick<Scene, 'calls'>, scenario: string): [from: number, n: number][] {
  const prefix = `${scenario}/1/`
  const own = [...calls.counts()].filter(([place]) => place.startsWith(prefix))
  return own.map(([place, n]): [number, number] => [Number(place.slice(prefix.length)), n]).sort(([a], [b]) => a - b)
}

test('a batch that takes too long and is deaf to its signal: its process is killed, and nothing of it counts', async () => {
  const limits = { batchTimeoutMs: 300, graceMs: 100, retry: { attempts: 2, backoffMs: 1 } }
  const { small, rows, report, calls } = await run(
    { ...limits, scenarios: { ...scenarios, small: { size: 40, errorTolerance: 0.2 } } },
    { loopFrom: 35 },
  )
  expect(report.status).toBe('complete')
  expect(small).toMatchObject({ status: 'complete', items: 35, itemsFailed: 5, retries: 1 })
  expect(rows.at(-1)).toMatchObject({ from: 35, outcome: 'failed', errorClass: 'transient', attempt: 2, processed: 0, result: null })
  expect(rows.at(-1)!.error).toMatchObject({ message: 'Batch 7 took longer than its 300 ms' })
  expect(countOf({ calls }, 'small').at(-1)).toEqual([35, 2])
  // Its process was replaced.
  const pids = calls
    .starts()
    .filter(({ scenario, from }) => scenario === 'small' && from >= 30)
    .map(({ pid }) => pid)
  expect(new Set(pids).size).toBe(3 - 1)
})

test('more failed items than are tolerated fail the scenario at once, what is confirmed stays, and a restart goes on from there', async () => {
  const { report, small, rows, calls } = await run(
    { scenarios: { ...scenarios, small: { size: 40, errorTolerance: 0.125 } } },
    { fail: [10, 40] },
    'inline',
  )
  expect(report).toMatchObject({ status: 'failed', reason: 'errors' })
  expect(small).toMatchObject({ status: 'failed', reason: 'errors', items: 10, itemsFailed: 10 })
  // Five of forty may fail: the sixth item is one too many, so nothing begins after the second failure.
  expect(countOf({ calls }, 'small')).toEqual([
    [0, 1],
    [5, 1],
    [10, 1],
    [15, 1],
  ])
  expect(rows.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'failed', 'failed'])
})

test('failures within the tolerance are counted, and the scenario goes on', async () => {
  const { report, small, rows, calls } = await run(
    { scenarios: { ...scenarios, small: { size: 40, errorTolerance: 0.25 } } },
    { fail: [10, 20] },
    'inline',
  )
  expect(report.status).toBe('complete')
  expect(small).toMatchObject({
    status: 'complete',
    items: 30,
    itemsFailed: 10,
    retries: 0,
    errors: { byClass: { critical: 2, transient: 0 } },
  })
  expect(rows.filter(({ outcome }) => outcome === 'failed').map(({ from }) => from)).toEqual([10, 15])
  expect(countOf({ calls }, 'small').every(([, n]) => n === 1)).toBe(true)
})

test('what is transient is tried again as often as the plan says, with the same key', async () => {
  const plan = { retry: { attempts: 4, backoffMs: 1, maxMs: 2 }, scenarios: { ...scenarios, small: { size: 40, errorTolerance: 0.125 } } }
  const { report, small, rows, calls } = await run(plan, { fail: [10, 15], failClass: 'transient' }, 'inline')
  expect(report.status).toBe('complete')
  expect(small).toMatchObject({ items: 35, itemsFailed: 5, retries: 3, errors: { byClass: { transient: 4, critical: 0 } } })
  expect(rows.find(({ from }) => from === 10)).toMatchObject({ outcome: 'failed', attempt: 4, errorClass: 'transient' })
  const tries = calls.starts().filter(({ scenario, from }) => scenario === 'small' && from === 10)
  expect(tries.map(({ attempt, key }) => [attempt, key])).toEqual([1, 2, 3, 4].map((n) => [n, 'run/default/small/1/10-15']))
})

test('too much memory fails its scenario with that reason, not the run', async () => {
  const { report, small } = await run({ scenarios: { ...scenarios, small: { size: 40, memoryLimitMb: 150 } } }, { holdMb: 400 })
  expect(report).toMatchObject({ status: 'failed', reason: 'memory' })
  expect(small).toMatchObject({ status: 'failed', reason: 'memory', items: 0 })
  expect(small.memoryPeakMb).toBeGreaterThan(150)
  expect(small.errors.last.at(-1)).toMatchObject({
    name: 'MemoryLimitError',
    message: expect.stringMatching(/^The skill's process held \d+ MB, more than its limit of 150 MB$/),
  })
  expect(report.verdict.reasons[0]).toMatch(/needed more memory than memoryLimitMb, 150 MB, it held \d+ MB$/)
})

test.each([8, 1])('a time budget ends its scenario, its partial results stay, and its process goes to others, of %d', async (max) => {
  const { report, small, rows } = await run(
    { workers: { max }, scenarios: { ...scenarios, small: { size: 80, batchSize: 1, timeBudgetMs: 800 } } },
    { holdFrom: 10 },
  )
  expect(report).toMatchObject({ status: 'failed', reason: 'time-budget' })
  expect(small).toMatchObject({ status: 'failed', reason: 'time-budget' })
  // The one that was being stored when the budget was spent is counted too.
  expect(small.items).toBe(rows.length)
  expect(rows.length).toBeGreaterThan(0)
  // The eleventh call waits for what never comes, however long it may.
  expect(small.items).toBeLessThanOrEqual(10)
})

test('what was used of a time budget stays used across kills', async () => {
  const stage = await scene()
  const { url, query, calls } = stage
  const plan = planOf(
    calls,
    { scenarios: { small: { size: 80, batchSize: 1, timeBudgetMs: 1_500 }, large: { size: 90 } }, batchSize: 5 },
    { ms: 100, only: ['small'] },
  )
  for (let lines = 0, n = 0; n < 3; n++, lines = calls.all().length) {
    const owner = spawnOwner({ database: url })
    await owner.start(plan, { id: 'run' })
    await until('it has used some', () => calls.starts(lines).filter(({ scenario }) => scenario === 'small').length > 5)
    await owner.kill()
    await untilQuiet(query)
  }
  const owner = spawnOwner({ database: url })
  await owner.start(plan, { id: 'run' })
  const report = await owner.result()
  expect(report.scenarios).toMatchObject([{ reason: 'time-budget' }, { status: 'complete' }])
  const rows = await query<{ activeMs: number }[]>`
    select active_ms as "activeMs" from troupe.batches where run = 'run' and scenario = 'small' order by sequence`
  // Over all sittings: what each of them was given alone would be several times as much. The last two may end when the budget is spent already.
  const used = rows.slice(0, -2).reduce((sum, { activeMs }) => sum + activeMs, 0)
  expect(used).toBeLessThanOrEqual(1_500)
  await owner.close()
})
