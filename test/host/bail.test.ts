import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openTroupe } from '../../src/troupe.ts'

/** The third batch of `small` fails and `first` does not end, for as long as it says so. */
const SKILL = `export default async (items, { scenario, batch, signal }) => {
  if (globalThis.broken && scenario === 'first') await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  if (globalThis.broken && scenario === 'small' && batch === 2) throw new Error('no')
  return items.map(() => 1)
}
`

async function planFile() {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-bail-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await writeFile(join(directory, 'skill.mjs'), SKILL)
  return {
    name: 'bailing',
    skill: { kind: 'function' as const, module: join(directory, 'skill.mjs'), isolation: 'inline' as const },
    scenarios: { first: { size: 50 }, small: { size: 100, errorTolerance: 1 } },
    order: 'parallel' as const,
  }
}

test('with bail the first item that fails for good ends the run; --retry-failed goes on with it (first hour, missed 2)', async () => {
  const flag = globalThis as { broken?: boolean }
  flag.broken = true
  onTestFinished(() => void delete flag.broken)
  await using troupe = await openTroupe({ database: 'memory' })
  const plan = await planFile()
  const report = await (await troupe.start(plan, { id: 'bailing', bail: true })).result()
  expect(report).toMatchObject({
    status: 'failed',
    reason: 'errors',
    scenarios: [{ reason: 'cancelled' }, { reason: 'errors', itemsFailed: 10 }],
  })
  expect(report.claims).toHaveLength(2)
  expect(report.scenarios[1]!.items).toBeLessThan(100)

  flag.broken = false
  const again = await (await troupe.start(plan, { id: 'bailing', retryFailed: true })).result()
  expect(again).toMatchObject({ status: 'complete', scenarios: [{ items: 50 }, { items: 100, itemsFailed: 0 }] })
})

test('a run of one scenario that bails is not tried again by itself; without bail it goes on to its end', async () => {
  const flag = globalThis as { broken?: boolean }
  flag.broken = true
  onTestFinished(() => void delete flag.broken)
  await using troupe = await openTroupe({ database: 'memory' })
  const { scenarios, ...plan } = await planFile()
  const alone = { ...plan, scenarios: { small: scenarios.small } }
  const run = await troupe.start(alone, { bail: true })
  expect(await run.result()).toMatchObject({ status: 'failed', reason: 'errors', diagnosis: { cause: 'skill' } })
  expect((await troupe.history(run.id)).filter(({ type }) => type === 'run.recovering')).toEqual([])
  const whole = await (await troupe.start(alone, { forceNew: true })).result()
  expect(whole).toMatchObject({ status: 'complete', scenarios: [{ items: 90, itemsFailed: 10 }] })
})
