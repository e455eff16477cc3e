import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { textReport } from '../../src/report/text.ts'
import type { Run } from '../../src/run.ts'
import { openTroupe } from '../../src/troupe.ts'

const module = fileURLToPath(new URL('./fixtures/picky.mjs', import.meta.url))

const plan = (refuse: Record<number, [times: number, errorClass: string]>, more: Partial<PlanInput> = {}): PlanInput => ({
  name: 'picky',
  skill: { kind: 'function', module, isolation: 'inline', params: { refuse } },
  input: { module, export: 'numbers' },
  scenarios: { only: { size: 20, errorTolerance: 0.2 } },
  retry: { backoffMs: 1 },
  breaker: false,
  ...more,
})

const resultsOf = async (run: Run) => {
  const all = (await Array.fromAsync(run.results())).flatMap(({ from, round, results, errors }) =>
    results.map((result, i) => ({ item: from + i, round, result: result as { item: number } | null, error: errors?.[i]?.message })),
  )
  return {
    confirmed: all.flatMap(({ result }) => result?.item ?? []),
    failed: all.flatMap(({ item, error }) => (error === undefined ? [] : [[item, error]])),
    again: all.flatMap(({ item, round }) => (round > 0 ? item : [])),
  }
}

const upTo = (size: number, ...without: number[]) => Array.from({ length: size }, (_, i) => i).filter((i) => !without.includes(i))

test('failed items are counted one by one, and a new round calls exactly these (newcomer fault 5)', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const run = await troupe.start(plan({ 3: [1, 'critical'], 4: [1, 'critical'], 17: [2, 'transient'] }))
  const report = await run.result()
  expect(report).toMatchObject({ status: 'complete', scenarios: [{ items: 18, itemsFailed: 2, batches: 2, retries: 2, progressPct: 100 }] })
  expect(report.scenarios[0]!.errors).toMatchObject({
    byClass: { critical: 2, transient: 2 },
    last: expect.arrayContaining([expect.objectContaining({ message: 'item 3 is refused', items: 1, itemNumbers: [3], batch: 0 })]),
  })
  expect(textReport(report)).toContain('first: only, batch 0, item 3, attempt 1; critical')
  expect(await resultsOf(run)).toEqual({
    confirmed: upTo(20, 3, 4),
    failed: [
      [3, 'item 3 is refused'],
      [4, 'item 4 is refused'],
    ],
    again: [],
  })

  await run.stop()
  const again = await troupe.resume(run.id, { retryFailed: true })
  expect(await again.result()).toMatchObject({ status: 'complete', scenarios: [{ items: 20, itemsFailed: 0, progressPct: 100 }] })
  expect(await resultsOf(again)).toEqual({ confirmed: upTo(20), failed: [], again: [3, 4] })
})

test('more failed items than are tolerated fail the scenario, fewer do not, whatever their batches', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const refuse = Object.fromEntries([1, 5, 11, 16].map((item) => [item, [9, 'critical'] as [number, string]]))
  const tolerated = await troupe.start(plan(refuse))
  expect(await tolerated.result()).toMatchObject({ status: 'complete', scenarios: [{ items: 16, itemsFailed: 4 }] })
  const failed = await troupe.start(plan({ ...refuse, 12: [9, 'critical'] }, { recovery: { attempts: 0 } }))
  expect(await failed.result()).toMatchObject({ status: 'failed', reason: 'errors', scenarios: [{ items: 15, itemsFailed: 5 }] })
  const events = await Array.fromAsync(failed.events())
  expect(events.filter(({ type }) => type === 'items.failed').map(({ data }) => data.numbers)).toEqual([[1], [5], [11], [12], [16]])
})

test('a skill in a process of its own says it too; scattered items of one batch are batches of their own in the next round', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const refuse = Object.fromEntries([10, 12, 14, 19].map((item) => [item, [9, 'recoverable'] as [number, string]]))
  const skill = { kind: 'function' as const, module, params: { refuse } }
  const run = await troupe.start(plan({}, { skill, scenarios: { only: { size: 20, errorTolerance: 1 } } }))
  expect(await run.result()).toMatchObject({
    scenarios: [{ items: 16, itemsFailed: 4, batches: 2, errors: { byClass: { recoverable: 4 } } }],
  })
  const failed = [10, 12, 14, 19].map((item) => [item, `item ${item} is refused`])
  expect((await resultsOf(run)).failed).toEqual(failed)

  await run.stop()
  const again = await troupe.resume(run.id, { retryFailed: true })
  expect(await again.result()).toMatchObject({ scenarios: [{ items: 16, itemsFailed: 4, batches: 6, progressPct: 100 }] })
  expect(await resultsOf(again)).toEqual({ confirmed: upTo(20, 10, 12, 14, 19), failed, again: [] })
})
