import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { openTroupe } from '../../src/troupe.ts'

const module = fileURLToPath(new URL('./fixtures/echo.mjs', import.meta.url))

test('a run forked at any moment, barriers with somebody waiting included, goes on to its end', async () => {
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

test('a run forked at any moment of its recovery recovers as it did', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const skill = { kind: 'function' as const, module: fileURLToPath(new URL('./fixtures/recovering.mjs', import.meta.url)) }
  const plan = {
    name: 'recovering',
    skill: { ...skill, isolation: 'inline' as const },
    scenarios: { small: { size: 20, errorTolerance: 0 }, large: { size: 60, errorTolerance: 0 } },
    breaker: { threshold: 100, cooldownMs: 1 },
  } satisfies PlanInput
  const first = await troupe.start(plan, { id: 'first' })
  expect((await first.result()).scenarios.map(({ items }) => items)).toEqual([20, 60])
  const events = []
  for await (const event of first.events()) events.push(event)
  // From the moment on at which both had failed, and the run had not said yet what it makes of that.
  const failures = events.filter(({ type }) => type === 'scenario.failed')
  expect(failures).toHaveLength(2)
  for (const { sequence: at } of events.filter(({ sequence }) => sequence >= failures[1]!.sequence)) {
    const id = await troupe.fork('first', { at })
    const run = await troupe.resume(id)
    const report = await run.result()
    for await (const { round, items } of run.results()) expect([round > 0, items]).toEqual(round > 0 ? [true, 5] : [false, 10])
    const own = []
    for await (const event of (await troupe.attach(id)).events()) own.push(event.type)
    expect({ at, status: report.status, items: report.scenarios.map(({ items }) => items) }).toEqual({
      at,
      status: 'complete',
      items: [20, 60],
    })
    expect(own.filter((type) => type === 'run.recovering')).toHaveLength(1)
    expect(own.filter((type) => type === 'run.failed')).toEqual([])
  }
})
