import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { type ServiceOptions, startService } from '../../examples/http-service/server.ts'
import { loadPlan, openTroupe, type PlanInput, type StoredEvent } from '../../src/index.ts'
import { ROOT } from './program.ts'

const start = async (options: ServiceOptions) => {
  const service = await startService(options)
  onTestFinished(() => service.close())
  return service
}

const ask = (address: string, key: string, value = 0.5) =>
  fetch(address, { method: 'POST', headers: { 'idempotency-key': key }, body: JSON.stringify({ index: 1, value }) })

afterEach(() => {
  vi.unstubAllEnvs()
})

test('the service works on four at once, remembers what it gave, and refuses exactly what its burst says', async () => {
  const service = await start({ slotMs: 5, burst: { from: 10, count: 2 } })
  const first = await Promise.all(Array.from({ length: 9 }, (_, i) => ask(service.address, `key ${i}`)))
  expect(first.map(({ status }) => status)).toEqual(Array.from({ length: 9 }).fill(200))
  expect(await first[0]!.json()).toEqual({ index: 1, score: 50 })
  const refused = [await ask(service.address, 'key 0'), await ask(service.address, 'key 1')]
  expect(refused.map(({ status }) => status)).toEqual([503, 503])
  const again = await Promise.all([ask(service.address, 'key 0', 0.9), ask(service.address, 'key 0', 0.9)])
  expect(await Promise.all(again.map((response) => response.json()))).toEqual([
    { index: 1, score: 50 },
    { index: 1, score: 50 },
  ])
  expect(service.counters()).toEqual({ requests: 13, worked: 9, remembered: 2, refused: 2, keys: 9, busiest: 4 })
  expect(service.calls.slice(9).map(({ key, outcome }) => `${key} ${outcome}`)).toEqual([
    'key 0 refused',
    'key 1 refused',
    'key 0 remembered',
    'key 0 remembered',
  ])
  expect(service.calls.every(({ at }, i, all) => i === 0 || at >= all[i - 1]!.at)).toBe(true)
})

test('the run gets through the burst, and no item is worked on twice', async () => {
  const service = await start({ slotMs: 1, burst: { from: 20, count: 6 } })
  vi.stubEnv('SCORES_URL', service.address)
  await using troupe = await openTroupe({ database: 'memory' })
  const loaded = await loadPlan(join(ROOT, 'examples/http-service/plan.ts'), { size: 10 })
  const run = await troupe.start(loaded)
  const report = await run.result()
  expect(report.verdict).toMatchObject({ status: 'pass' })
  // 10, 30 and 80 items.
  const { worked, refused, keys, busiest } = service.counters()
  expect({ refused, busiest, keys }).toEqual({ refused: 6, busiest: 4, keys: 120 })
  expect(worked).toBe(120)
  const scores: unknown[] = []
  for await (const { results } of run.results({ scenario: 'simple' })) scores.push(...results)
  expect(scores).toHaveLength(10)
  expect(scores.every((score) => typeof score === 'number' && score >= 0 && score <= 100)).toBe(true)
})

test('functions of a plan make its requests and read its answers', async () => {
  const service = await start({ slotMs: 1 })
  await using troupe = await openTroupe({ database: 'memory' })
  const run = await troupe.start({
    name: 'functions',
    skill: {
      kind: 'http',
      url: service.address,
      mode: 'item',
      body: () => ({ index: 7, value: 0.25 }),
      result: ({ status, body }) => [status, body],
    },
    scaling: { sizes: [2] },
  })
  await run.result()
  const results: unknown[] = []
  for await (const batch of run.results()) results.push(...batch.results)
  expect(results).toEqual([
    [200, { index: 7, score: 25 }],
    [200, { index: 7, score: 25 }],
  ])
})

const OUTAGES: { name: string; changes: Pick<PlanInput, 'classify' | 'retry'>; failures: number }[] = [
  { name: 'six transient failures', changes: {}, failures: 6 },
  {
    name: 'three recoverable failures',
    changes: { classify: () => 'recoverable', retry: { attempts: 8, backoffMs: 1, on: ['recoverable'] } },
    failures: 3,
  },
]

test.each(OUTAGES)(
  '$name open the breaker; nothing reaches the service in the cooldown, and one probe closes it',
  async ({ changes, failures }) => {
    const service = await start({ slotMs: 1, burst: { from: 15 } })
    vi.stubEnv('SCORES_URL', service.address)
    await using troupe = await openTroupe({ database: 'memory' })
    const { default: plan } = await import('../../examples/http-service/plan.ts')
    // One request after the other, so that each can be told from the next.
    const skill = { ...(plan.skill as object), concurrency: 1 } as PlanInput['skill']
    const retry = { attempts: 8, backoffMs: 1 }
    const run = await troupe.start({ ...plan, skill, retry, breaker: { cooldownMs: 300 }, scaling: { sizes: [40] }, ...changes })
    const events: StoredEvent[] = []
    for await (const event of run.events()) {
      events.push(event)
      if (event.type === 'breaker.opened') service.recover()
    }
    const report = await run.result()
    expect(report).toMatchObject({ status: 'complete', verdict: { status: 'pass' }, scenarios: [{ items: 40, retries: 1 }] })

    const changesOf = events.filter(({ type }) => type.startsWith('breaker.'))
    expect(changesOf.map(({ type }) => type)).toEqual(['breaker.opened', 'breaker.halfOpened', 'breaker.closed'])
    const [opened, halfOpened, closed] = changesOf
    expect(opened!.data).toMatchObject({ sum: 3, threshold: 3, probeAt: opened!.at + 300 })
    // Once, with those of its items that were refused.
    expect(events.filter(({ type }) => type === 'items.retried')).toHaveLength(1)

    // Requests 1 to 14 are good, then come the refusals, and the next is the first of the probe.
    const { calls } = service
    expect(calls.map(({ outcome }) => outcome)).toEqual([
      ...Array.from({ length: 14 }, () => 'worked'),
      ...Array.from({ length: failures }, () => 'refused'),
      // Of the second batch four items were given before its fifth was refused: they are not asked for again.
      ...Array.from({ length: 26 }, () => 'worked'),
    ])
    const probe = calls.slice(14 + failures)
    expect(probe[0]!.at).toBeGreaterThanOrEqual(halfOpened!.at)
    expect(halfOpened!.at).toBeGreaterThanOrEqual(opened!.at + 300)
    expect(calls.filter(({ at }) => at >= halfOpened!.at && at < closed!.at).length).toBeLessThanOrEqual(10)
  },
)
