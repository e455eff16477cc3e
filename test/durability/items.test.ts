import { createServer, type ServerResponse } from 'node:http'
import { onTestFinished, expect, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import type { Report } from '../../src/report/report.ts'
import { until } from '../support/until.ts'
import { randomFrom, scene, spawnOwner, type Scene } from './harness.ts'

const KILLS = Math.max(20, Number(process.env.TROUPE_KILLS ?? 0))
const SEED = Number(process.env.TROUPE_SEED ?? Math.floor(Math.random() * 1e6))
const BATCH_SIZE = 5
const CONCURRENCY = 2
const SIZES = { simple: KILLS * 2, medium: KILLS * 4, complex: KILLS * 6 }
const ITEMS = KILLS * 12

interface Service {
  address: string
  /** Items that were asked for, in the order in which they came. */
  calls: string[]
  /** How often each item was paid for: by each good answer. */
  paid: Map<string, number>
}

/** A service that is paid by the call, and knows nothing of idempotency: a key only says which item is meant. */
async function startService(
  answer: (response: ServerResponse, item: { key: string; number: number; nth: number }) => boolean,
): Promise<Service> {
  const service: Service = { address: '', calls: [], paid: new Map() }
  const server = createServer((request, response) => {
    const key = String(request.headers['idempotency-key'])
    const nth = service.calls.filter((call) => call === key).length
    service.calls.push(key)
    request.resume().on('end', () => {
      const number = Number(/(\d+)-\d+$/.exec(key)![1])
      if (answer(response, { key, number, nth })) service.paid.set(key, (service.paid.get(key) ?? 0) + 1)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  service.address = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  return service
}

const good = (response: ServerResponse, key: string) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(key))
  return true
}

const tooMany = (response: ServerResponse, afterS?: number) => {
  response.writeHead(429, afterS === undefined ? {} : { 'retry-after': String(afterS) }).end('slow down')
  return false
}

/** Keys of the items that need not be called again: confirmed, or kept of a batch that is not settled. */
async function known({ query }: Scene, run: string): Promise<Set<string>> {
  const [table] = await query<{ there: boolean }[]>`select to_regclass('troupe.kept_items') is not null as there`
  if (!table!.there) return new Set()
  const rows = await query<{ key: string }[]>`
    select run || '/' || variant || '/' || scenario || '/' || repetition || '/' || item || '-' || item + 1 as key from (
      select run, variant, scenario, repetition, item from troupe.batches, generate_series(from_item, from_item + items - 1) item
        where outcome = 'ok' and not coalesce(item_errors ? (item - from_item)::text, false)
      union select run, variant, scenario, repetition, item::bigint from troupe.kept_items, jsonb_object_keys(results) item
    ) items where run = ${run}`
  return new Set(rows.map(({ key }) => key))
}

const planFor = (address: string, plan: Partial<PlanInput> = {}): PlanInput => ({
  name: 'by-the-call',
  skill: { kind: 'http', url: address, mode: 'item', concurrency: CONCURRENCY },
  scenarios: Object.fromEntries(Object.entries(SIZES).map(([name, size]) => [name, { size }])),
  batchSize: BATCH_SIZE,
  retry: { backoffMs: 1 },
  ...plan,
})

test(`of what is paid by the item, only what was in flight at a kill is paid again (newcomer fault 5; ${KILLS} kills, TROUPE_SEED=${SEED})`, async () => {
  console.info(`items: seed ${SEED}`)
  const random = randomFrom(SEED)
  const stage = await scene()
  // 5 % of the items are refused, every other one of them twice, every fourth one with a wait that is long.
  const service = await startService((response, { key, number, nth }) => {
    const isRefused = number % 20 === 7 && nth < (number % 40 === 7 ? 2 : 1)
    return isRefused ? tooMany(response, number % 80 === 27 ? 2 : undefined) : good(response, key)
  })
  const { address, calls, paid } = service
  let report: Report | undefined
  let lost = 0
  for (let kills = 0; !report; kills++) {
    const before = await known(stage, 'run')
    const begun = calls.length
    const owner = spawnOwner({ database: stage.url })
    const ended = owner.start(planFor(address), { id: 'run' }).then(() => owner.result())
    ended.catch(() => {})
    if (kills === KILLS) {
      report = await ended
      await owner.close()
    } else {
      const some = 1 + Math.floor(random() * 14)
      await until('some calls were made', () => calls.length >= begun + some)
      await owner.kill()
    }
    const after = await known(stage, 'run')
    const asked = calls.slice(begun)
    expect(asked.filter((key) => before.has(key))).toEqual([])
    lost += new Set(asked.filter((key) => paid.has(key) && !after.has(key))).size
    // A batch of each scenario is in flight.
    expect([...paid.keys()].filter((key) => !after.has(key)).length).toBeLessThanOrEqual(3 * BATCH_SIZE)
  }
  expect(report).toMatchObject({ status: 'complete', scenarios: Object.values(SIZES).map((size) => ({ items: size, itemsFailed: 0 })) })
  expect(paid.size).toBe(ITEMS)
  expect(await known(stage, 'run')).toEqual(new Set(paid.keys()))
  const payments = [...paid.values()].reduce((sum, times) => sum + times, 0)
  expect(payments).toBeLessThanOrEqual(ITEMS + lost)
  expect(await stage.query`select 1 from troupe.kept_items`).toHaveLength(0)
})

test('whoever is killed while a batch waits for Retry-After has paid for each item once (newcomer fault 5)', async () => {
  const stage = await scene()
  const service = await startService((response, { key, number, nth }) =>
    number === 3 && nth < 2 ? tooMany(response, 600) : number === 6 && nth < 1 ? tooMany(response) : good(response, key),
  )
  const plan = planFor(service.address, { scenarios: { only: { size: 10 } }, batchSize: 10 })
  for (const kill of [1, 2]) {
    const owner = spawnOwner({ database: stage.url })
    owner.start(plan, { id: 'run' }).catch(() => {})
    const calls = service.calls.length
    const refused = service.calls.filter((key) => key.endsWith('/3-4')).length
    await until('item 3 was refused', () => service.calls.filter((key) => key.endsWith('/3-4')).length > refused)
    // All but items 3 and 6, then all but item 3.
    await until('the others are known', async () => (await known(stage, 'run')).size >= 7 + kill)
    await owner.kill()
    expect(service.calls.length).toBeGreaterThan(calls)
  }
  const owner = spawnOwner({ database: stage.url })
  await owner.start(plan, { id: 'run' })
  expect(await owner.result()).toMatchObject({ status: 'complete', scenarios: [{ items: 10, itemsFailed: 0, batches: 1 }] })
  await owner.close()
  expect([...service.paid.values()]).toEqual(Array.from({ length: 10 }, () => 1))
})
