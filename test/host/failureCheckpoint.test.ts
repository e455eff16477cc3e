import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openTroupe } from '../../src/troupe.ts'
import { createDatabase } from '../support/database.ts'

const module = fileURLToPath(new URL('./fixtures/recovering.mjs', import.meta.url))

test('the checkpoint of a failure is of where the scenario failed, though it is tried again in the same turn', async () => {
  const { url, query, drop } = await createDatabase()
  onTestFinished(drop)
  await using troupe = await openTroupe({ database: url })
  const run = await troupe.start({
    name: 'failing',
    skill: { kind: 'function', module, isolation: 'inline' },
    scenarios: { only: { size: 60, errorTolerance: 0 } },
  })
  expect(await run.result()).toMatchObject({ status: 'complete', recoveries: 1 })
  const failures = await query`
    select progress_pct::float8 as progress, state_snapshot->'context'->>'reason' as reason, coalesce((state_snapshot->'context'->>'round')::int, 0) as round
    from troupe.scenario_checkpoints where state_snapshot->'context' ? 'reason' order by sequence`
  // Two of six batches are settled: the second has failed.
  expect(failures.map((row) => ({ ...row, progress: Math.round(row.progress) }))).toEqual([{ progress: 33, reason: 'errors', round: 0 }])
})
