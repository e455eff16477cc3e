import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { openTroupe } from '../../src/troupe.ts'

const module = fileURLToPath(new URL('./fixtures/echo.mjs', import.meta.url))

test('a run forked at any moment, barriers with somebody waiting included, goes on to its end', { timeout: 120_000 }, async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const plan = {
    name: 'forked',
    skill: { kind: 'function' as const, module, isolation: 'inline' as const },
    scenarios: { small: { size: 20 }, large: { size: 60 } },
    sync: { mode: 'milestone' as const, at: [30, 70, 100] },
  } satisfies PlanInput
  const first = await troupe.start(plan, { id: 'first' })
  await first.result()
  const sequences = []
  for await (const { sequence } of first.events()) sequences.push(sequence)
  for (const at of sequences) {
    const id = await troupe.fork('first', { at })
    const report = await (await troupe.resume(id)).result()
    expect({ at, status: report.status, items: report.scenarios.map(({ items }) => items) }).toEqual({
      at,
      status: 'complete',
      items: [20, 60],
    })
  }
})
