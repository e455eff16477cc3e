import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { startProgram } from './program.ts'

interface OrderView {
  id: string
  status: string
  progressPct: number
}

let database: Awaited<ReturnType<typeof createDatabase>>
let directory: string
beforeEach(async () => {
  database = await createDatabase()
  directory = await mkdtemp(join(tmpdir(), 'troupe-embed-'))
})
afterEach(async () => {
  await database.drop()
  await rm(directory, { recursive: true, force: true })
})

async function startServer() {
  const program = startProgram(['--import', './test/examples/ownName.ts', 'examples/embed/server.ts'], {
    url: database.url,
    env: { ORDERS: directory },
  })
  const [, address] = await program.said(/at (http\S+)\n/)
  return { ...program, address: address! }
}

const place = async (address: string, order: object): Promise<OrderView> => {
  const response = await fetch(address, { method: 'POST', body: JSON.stringify(order) })
  expect(response.status).toBe(202)
  return (await response.json()) as OrderView
}

const look = async (address: string, { id }: OrderView) => (await (await fetch(`${address}/${id}`)).json()) as OrderView

const storedBatches = () => database.query`select run, batch, sequence, result from troupe.batches order by sequence`

test('orders survive kill -9 of the server: each goes on with its run, and nothing stored is done again', async () => {
  const first = await startServer()
  const orders = await Promise.all(['Ada', 'Grace'].map((text) => place(first.address, { text, plates: 60 })))
  await until(
    'both runs have stored something',
    async () => new Set((await storedBatches().catch(() => [])).map(({ run }) => run)).size === 2,
  )
  await first.kill()
  const before = await storedBatches()
  expect(before.length).toBeLessThan(24)

  const second = await startServer()
  const views = () => Promise.all(orders.map((order) => look(second.address, order)))
  await until('both are ready', async () => (await views()).every(({ status }) => status === 'ready'))
  expect(await views()).toMatchObject([
    { text: 'Ada', progressPct: 100 },
    { text: 'Grace', progressPct: 100 },
  ])
  const after = await storedBatches()
  expect(after.slice(0, before.length)).toEqual([...before])
  expect(after).toHaveLength(24)
  const runs = await database.query`select id, status, epoch from troupe.runs order by id`
  expect(runs.map(({ id, status, epoch }) => [id, status, Number(epoch)])).toEqual(
    orders.map(({ id }) => [`order-${id}`, 'complete', 2]).toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  )
  await second.kill()

  const third = await startServer()
  expect(await look(third.address, orders[0]!)).toMatchObject({ status: 'ready', progressPct: 100 })
})
