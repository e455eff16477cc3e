import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'

export interface ServiceOptions {
  /** 0: any that is free. */
  port?: number
  /** Requests that are worked on at once; others wait for their turn. */
  slots?: number
  /** How long each is worked on, ms. */
  slotMs?: number
  /**
   * Requests that are answered with 503 at once, whatever they ask: from the request with number `from` on (the first has number 1), `count` of them, for
   * `ms` since the first of them, or until `recover()`, whichever comes first.
   */
  burst?: { from: number; count?: number; ms?: number }
}

export interface ServiceCall {
  /** Epoch ms, of its arrival. */
  at: number
  key: string
  outcome: 'worked' | 'remembered' | 'refused'
}

export interface Service {
  address: string
  /** In the order of their arrival. */
  calls: readonly ServiceCall[]
  /** `worked`: to the end. `keys`: different ones that are remembered. `busiest`: the most slots that were taken at once. */
  counters(): { requests: number; worked: number; remembered: number; refused: number; keys: number; busiest: number }
  /** Ends the burst. */
  recover(): void
  close(): Promise<void>
}

/** Gives items a score, and remembers by idempotency key what it has given: who asks again pays nothing. */
export async function startService({ port = 0, slots = 4, slotMs = 20, burst }: ServiceOptions = {}): Promise<Service> {
  const calls: ServiceCall[] = []
  const memory = new Map<string, Promise<object>>()
  const closing = new AbortController()
  let worked = 0
  const outage = createOutage(burst)
  const work = createSlots(slots, () => wait(slotMs, undefined, { signal: closing.signal }))

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const key = String(request.headers['idempotency-key'])
    const number = calls.length + 1
    const isRefused = outage.isOn(number)
    calls.push({ at: Date.now(), key, outcome: isRefused ? 'refused' : memory.has(key) ? 'remembered' : 'worked' })
    if (isRefused) return send(response, 503, { error: 'too much to do' })
    return send(response, 200, await (memory.get(key) ?? remember(key, score(request))))
  }

  function remember(key: string, given: Promise<object>): Promise<object> {
    memory.set(key, given)
    // A request that broke off before it was read has been given nothing.
    given.catch(() => memory.delete(key))
    return given
  }

  async function score(request: IncomingMessage): Promise<object> {
    const { index, value } = JSON.parse(await text(request)) as { index: number; value: number }
    await work.run()
    worked++
    return { index, score: Math.round(value * 100) }
  }

  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  const count = (outcome: ServiceCall['outcome']) => calls.filter((call) => call.outcome === outcome).length
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    counters: () => ({
      requests: calls.length,
      worked,
      remembered: count('remembered'),
      refused: count('refused'),
      keys: memory.size,
      busiest: work.busiest(),
    }),
    recover: outage.end,
    async close() {
      closing.abort()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function createOutage({ from, count = Infinity, ms = Infinity }: NonNullable<ServiceOptions['burst']> = { from: Infinity }) {
  let until: number | undefined
  return {
    isOn(number: number): boolean {
      if (number < from || number >= from + count) return false
      until ??= Date.now() + ms
      return Date.now() < until
    },
    end() {
      until = 0
    },
  }
}

/** At most `count` of `work` at once, in the order in which they are asked for. */
function createSlots(count: number, work: () => Promise<unknown>) {
  const waiting: (() => void)[] = []
  let taken = 0
  let busiest = 0
  return {
    busiest: () => busiest,
    async run() {
      if (taken < count) busiest = Math.max(busiest, ++taken)
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        await work()
      } finally {
        // Whoever waits takes the slot over.
        const next = waiting.shift()
        if (next) next()
        else taken--
      }
    },
  }
}

function send(response: ServerResponse, status: number, body: object) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
