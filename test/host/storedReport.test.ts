import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { storedReport } from '../../src/host/storedReport.ts'
import type { Report } from '../../src/report/report.ts'
import { textReport } from '../../src/report/text.ts'
import { openTroupe } from '../../src/troupe.ts'
import { releasedDatabase } from '../golden/released.ts'

/** Runs that ended under 0.1.0. */
const ended = readFileSync(new URL('../golden/0.1.0/endedRuns.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => (JSON.parse(line) as { row: { id: string; report: Report; finished_at: string } }).row)
const rowOf = (run: string) => {
  const { id, report, finished_at: finishedAt } = ended.find(({ id }) => id === run)!
  return { id, report, finishedAt: Date.parse(finishedAt) }
}

test.each([
  ['plain-1', 43],
  ['failing-1', 610],
  // 2 282 ms by the clock, of which nobody had it for 1 391.55.
  ['released-0x1y2z3w', 2_282 - 1_391.550048828125],
])('the report of %s is what 0.1.0 stored, with what has come since', (run, elapsedMs) => {
  const row = rowOf(run)
  const scenarios = row.report.scenarios.map((scenario) => ({ ...scenario, difficulty: null, backoffMs: null, programs: null }))
  expect(storedReport(row)).toEqual({ ...row.report, elapsedMs, programs: null, scenarios })
})

test('a report that 0.1.0 stored is shown as one of now', async () => {
  const { url } = await releasedDatabase('endedRuns')
  await using troupe = await openTroupe({ database: url })
  const text = textReport(await troupe.report('released-0x1y2z3w'))
  expect(text).toMatch(/steady\/complex +complete +120\/120/)
  expect(text).toMatch(/shaky\/medium +complete +55\/60/)
  expect(text).toContain('The service is down at 10')
  expect(textReport(await troupe.report('failing-1'))).toContain('Unauthorized: the token has expired')
  // To look at it again is to get it, not to run it.
  const again = await troupe.resume('plain-1')
  expect(again.resumed).toBe(true)
  expect(await again.result()).toEqual(await troupe.report('plain-1'))
})

test('a report of 0.1.0 has every key of one of now', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const module = new URL('./fixtures/echo.mjs', import.meta.url).pathname
  const run = await troupe.start({
    name: 'plain',
    skill: { kind: 'function', module, isolation: 'inline' },
    scenarios: { small: { size: 20 }, large: { size: 40 } },
  })
  const now = await run.result()
  const then = storedReport(rowOf('plain-1'))!
  const missing = (one: object, other: object) => Object.keys(one).filter((key) => !(key in other))
  expect(
    [...missing(now, then), ...missing(now.scenarios[0]!, then.scenarios[0]!)],
    'A report has keys that the reports do not have that earlier versions stored: make them in src/host/storedReport.ts (added, addedToScenario).',
  ).toEqual([])
})

test('a report of a newer version is refused, one that is none is damaged', () => {
  const row = rowOf('plain-1')
  expect(() => storedReport({ ...row, report: { ...row.report, schema: 2 } })).toThrow(
    'The report of run "plain-1" is stored in version 2, this troupe knows versions up to 1',
  )
  expect(() => storedReport({ ...row, report: { status: 'complete' } })).toThrow('The stored report of run "plain-1" is damaged')
  expect(storedReport({ ...row, finishedAt: null })).toBeNull()
})
