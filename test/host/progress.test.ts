import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openTroupe } from '../../src/index.ts'

const module = fileURLToPath(new URL('./fixtures/hanging.mjs', import.meta.url))

test('a run of this process says how it stands, with the batches at work, and nothing once it has ended (first hour)', async () => {
  const reached = Promise.withResolvers<void>()
  const open = Promise.withResolvers<void>()
  Object.assign(globalThis, {
    hangs() {
      reached.resolve()
      return open.promise
    },
  })
  await using troupe = await openTroupe({ database: 'memory' })
  const run = await troupe.start({
    name: 'standing',
    skill: { kind: 'function', module, isolation: 'inline' },
    scenarios: { only: { size: 8, batchSize: 4, batchTimeoutMs: 3_600_000 } },
  })
  for await (const { type, data } of run.events()) if (type === 'milestone.reached' && data.pct === 50) break
  await reached.promise
  expect(run.progress()).toEqual({
    at: expect.any(Number),
    scenarios: [
      {
        ...{ variant: 'default', name: 'only', status: 'running', repetition: 1, settled: 4, failed: 0 },
        elapsedMs: expect.any(Number),
        batches: [{ batch: 1, since: expect.any(Number), waitsUntil: null }],
      },
    ],
    breakers: [{ variant: 'default', status: 'closed', probeAt: null }],
  })
  expect((await troupe.attach(run.id)).progress()).toBeDefined()
  open.resolve()
  await run.result()
  await run.stop()
  expect(run.progress()).toBeUndefined()
  expect((await troupe.attach(run.id)).progress()).toBeUndefined()
})
