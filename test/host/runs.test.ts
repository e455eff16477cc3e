import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { openTroupe } from '../../src/troupe.ts'

const planOf = (skill: 'echo' | 'waiting'): PlanInput => ({
  name: 'demo',
  skill: { kind: 'function', module: fileURLToPath(new URL(`./fixtures/${skill}.mjs`, import.meta.url)), isolation: 'inline' },
  scenarios: { only: { size: 20 } },
})
const plan = planOf('echo')

test('the same process gets the same handle, by its id and by its plan', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const run = await troupe.start(planOf('waiting'), { id: 'demo-1' })
  expect(await troupe.start(planOf('waiting'), { id: 'demo-1' })).toBe(run)
  expect(await troupe.start(planOf('waiting'))).toBe(run)
  expect(await troupe.resume('demo-1')).toBe(run)
  expect(await troupe.attach('demo-1')).toBe(run)
})

test('a run that is being stopped is waited for, and then goes on under a new handle', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const run = await troupe.start(plan, { id: 'demo-1' })
  const stopping = run.stop(0)
  const next = await troupe.start(plan, { id: 'demo-1' })
  await stopping
  expect(next).not.toBe(run)
  expect(await next.result()).toMatchObject({ status: 'complete', scenarios: [{ items: 20 }] })
})

test('an id that is nearly one names the one that was meant', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  await (await troupe.start(plan, { id: 'demo-4kx2' })).result()
  await expect(troupe.report('demo-4kx3')).rejects.toThrow('There is no run "demo-4kx3"; did you mean "demo-4kx2"?')
  await expect(troupe.report('something-else')).rejects.toThrow(/^There is no run "something-else"$/)
})
