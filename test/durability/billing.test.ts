import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import type { Report } from '../../src/report/report.ts'
import { until } from '../support/until.ts'
import { randomFrom, scene, spawnOwner, type Scene } from './harness.ts'

const KILLS = Math.max(20, Number(process.env.TROUPE_KILLS ?? 0))
const SEED = Number(process.env.TROUPE_SEED ?? Math.floor(Math.random() * 1e6))
const BATCH_SIZE = 2
/** Kills come every few calls, so there must be many of them. */
const SIZES = { simple: KILLS * 2, medium: KILLS * 4, complex: KILLS * 8 }

interface Bill {
  address: string
  /** Keys, in the order in which they came. */
  calls: string[]
  /** How often each key was paid for. */
  paid: Map<string, number>
  /** How many answers were lost on their way. */
  lost: number
}

/** A service that is paid for by the call, and answers a key that it knows from memory. Now and then the first answer to a key is lost on its way. */
async function startBilling(): Promise<Bill> {
  const calls: string[] = []
  const paid = new Map<string, number>()
  const bill: Bill = { address: '', calls, paid, lost: 0 }
  const server = createServer((request, response) => {
    const key = String(request.headers['idempotency-key'])
    const isNew = !paid.has(key)
    calls.push(key)
    if (isNew) paid.set(key, 1)
    void text(request).then(
      async (body) => {
        await wait(3)
        if (isNew && paid.size % 7 === 0) {
          bill.lost++
          return request.socket.destroy()
        }
        const { items } = JSON.parse(body) as { items: unknown[] }
        return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(items.map(() => key)))
      },
      () => {},
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  bill.address = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  return bill
}

const planFor = (address: string): PlanInput => ({
  name: 'billing',
  skill: { kind: 'http', url: address },
  scenarios: Object.fromEntries(Object.entries(SIZES).map(([name, size]) => [name, { size }])),
  batchSize: BATCH_SIZE,
  parallel: 2,
  retry: { backoffMs: 1 },
})

/** Keys of the batches whose outcome is stored. */
async function stored({ query }: Scene, run: string): Promise<Set<string>> {
  const [table] = await query<{ there: boolean }[]>`select to_regclass('troupe.batches') is not null as there`
  if (!table!.there) return new Set()
  const rows = await query<{ key: string }[]>`
    select run || '/' || variant || '/' || scenario || '/' || repetition || '/' || from_item || '-' || (from_item + items) as key from troupe.batches where run = ${run}`
  return new Set(rows.map(({ key }) => key))
}

test(`each key is paid for once, whatever was killed and whatever was tried again (${KILLS} kills, TROUPE_SEED=${SEED})`, async () => {
  console.info(`billing: seed ${SEED}`)
  const random = randomFrom(SEED)
  const stage = await scene()
  const bill = await startBilling()
  const { address, calls, paid } = bill
  const plan = planFor(address)
  let report: Report | undefined
  let inFlight = 0
  for (let kills = 0; !report; kills++) {
    const owner = spawnOwner({ database: stage.url })
    const ended = owner.start(plan, { id: 'run' }).then(() => owner.result())
    ended.catch(() => {})
    if (kills === KILLS) {
      report = await ended
      await owner.close()
      break
    }
    const before = calls.length
    const known = await stored(stage, 'run')
    const some = 1 + Math.floor(random() * 10)
    await until('some calls were made', () => calls.length >= before + some)
    await owner.kill()
    const confirmed = await stored(stage, 'run')
    const asked = new Set(calls.slice(before))
    expect([...asked].filter((key) => known.has(key))).toEqual([])
    inFlight += [...asked].filter((key) => !confirmed.has(key)).length
  }
  expect(report).toMatchObject({ status: 'complete', scenarios: Object.values(SIZES).map((size) => ({ items: size, itemsFailed: 0 })) })

  const batches = Object.values(SIZES).reduce((sum, size) => sum + size / BATCH_SIZE, 0)
  expect(paid.size).toBe(batches)
  expect(await stored(stage, 'run')).toEqual(new Set(paid.keys()))
  expect(calls.length - batches).toBeLessThanOrEqual(inFlight + bill.lost)
  expect(calls.length - batches).toBeGreaterThan(0)
})
