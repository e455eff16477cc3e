import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { textReport } from '../../src/report/text.ts'
import { openTroupe } from '../../src/troupe.ts'

const plan: PlanInput = {
  name: 'rehearsal',
  skill: { kind: 'function', module: fileURLToPath(new URL('./fixtures/echo.mjs', import.meta.url)), isolation: 'inline' },
  scenarios: { small: { size: 50 }, large: { size: 300 } },
  retry: { attempts: 12, backoffMs: 0 },
  breaker: false,
}
const text = 'of all calls 30 % fail (transient); in large; seed 1'

async function ran(more: Partial<PlanInput>) {
  await using troupe = await openTroupe({ database: 'memory' })
  const run = await troupe.start({ ...plan, ...more })
  const report = await run.result()
  return { warnings: run.warnings, report, scenarios: Object.fromEntries(report.scenarios.map((s) => [s.name, s])) }
}

test('a third of its calls is broken, and in the end everything is confirmed', async () => {
  const { warnings, report, scenarios } = await ran({ chaos: { failRate: 0.3, scenarios: ['large'] } })
  expect(warnings).toEqual([`CHAOS is on: ${text}`])
  expect(scenarios.small).toMatchObject({ items: 50, itemsFailed: 0, retries: 0 })
  expect(scenarios.large).toMatchObject({ items: 300, itemsFailed: 0, batches: 30 })
  // 30 · 0.3 / 0.7 ± 4·√(30 · 0.3 / 0.7²): what failed before the first success of each batch.
  expect(scenarios.large!.retries).toBeGreaterThan(0)
  expect(scenarios.large!.retries).toBeLessThan(31)
  expect(scenarios.large!.errors.byClass.transient).toBe(scenarios.large!.retries)
  expect(report.chaos).toEqual({
    seed: 1,
    failRate: 0.3,
    failClass: 'transient',
    latencyMs: [0, 0],
    hangRate: 0,
    crashRate: 0,
    scenarios: ['large'],
  })
  expect(textReport(report).split('\n').slice(0, 2)).toEqual(['Verdict: PASS', `CHAOS was on: ${text}`])
})

test('the next run of the plan breaks the same calls, another seed others', async () => {
  const retries = async (seed: number) => (await ran({ chaos: { failRate: 0.3, seed } })).report.scenarios.map((s) => s.retries)
  const first = await retries(1)
  expect(await retries(1)).toEqual(first)
  expect(await retries(2)).not.toEqual(first)
})

test('off, nobody hears of it', async () => {
  const { warnings, report } = await ran({})
  expect(warnings).toEqual([])
  expect(report.chaos).toBeNull()
  expect(textReport(report)).not.toContain('CHAOS')
})
