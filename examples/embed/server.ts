import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import { nanoid } from 'nanoid'
import { openTroupe } from 'troupe'
import { Orders } from './orders.ts'

const troupe = await openTroupe()
const orders = await Orders.open(process.env.ORDERS ?? '.troupe/orders', troupe)

const server = createServer((request, response) => {
  answer(request, response).catch((error: Error) => send(response, 400, { error: error.message }))
})

async function answer(request: IncomingMessage, response: ServerResponse) {
  const [, name, id] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/')
  if (name !== 'orders') return send(response, 404, { error: 'POST /orders, GET /orders/ID' })
  if (request.method === 'POST') return send(response, 202, orders.place({ id: nanoid(8), ...readOrder(await text(request)) }))
  const order = orders.find(id ?? '')
  return order ? send(response, 200, order) : send(response, 404, { error: `There is no order "${id}"` })
}

function readOrder(body: string): { text: string; plates: number } {
  const { text, plates }: { text?: unknown; plates?: unknown } = JSON.parse(body)
  if (typeof text !== 'string' || text.length > 40) throw new Error('text: at most 40 characters')
  if (typeof plates !== 'number' || !Number.isInteger(plates) || plates < 1 || plates > 1000) throw new Error('plates: from 1 to 1000')
  return { text, plates }
}

function send(response: ServerResponse, status: number, body: object) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`Taking orders at http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
    // The orders stay where they are: their runs are stopped, and go on at the next start.
    void troupe.close().then(() => process.exit(0))
  })
}
