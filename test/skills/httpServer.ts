import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { HttpFunctions, HttpSkill } from '../../src/plan.ts'
import type { SkillScenario } from '../../src/skills/context.ts'
import type { SkillHost } from '../../src/skills/host.ts'
import { openHttpSkill } from '../../src/skills/http.ts'
import type { Skill } from '../../src/skills/skill.ts'
import { Workers } from '../../src/skills/workers.ts'
import { until } from '../support/until.ts'

export interface Received {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

export interface Service {
  address: string
  received: Received[]
  /** Connections that were ever made. */
  accepted(): number
  /** Connections that are open now. */
  connections(): number
  /** Resolves when no connection is open any more. */
  empty(): Promise<unknown>
}

type Answer = (response: ServerResponse, request: Received, number: number) => unknown

/** A real server on loopback that answers as told. `number` counts its requests from 0. */
export async function serve(answer: Answer): Promise<Service> {
  const received: Received[] = []
  const server = createHttpServer((request, response) => {
    const number = received.push({ method: request.method!, url: request.url!, headers: request.headers, body: '' }) - 1
    // A request that is aborted has no body to its end.
    void text(request).then(
      (body) => {
        received[number]!.body = body
        return answer(response, received[number]!, number)
      },
      () => {},
    )
  })
  return { ...(await listening(server)), received }
}

/** The same, a level below: what is written is no HTTP unless it is written so. */
export async function serveRaw(onConnection: (socket: Socket) => void): Promise<Omit<Service, 'received'>> {
  return await listening(createServer(onConnection))
}

async function listening(server: Server): Promise<Omit<Service, 'received'>> {
  const open = new Set<Socket>()
  let accepted = 0
  server.on('connection', (socket: Socket) => {
    accepted++
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of open) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepted: () => accepted,
    connections: () => open.size,
    empty: () => until('no connection is left', () => open.size === 0),
  }
}

export const json = (response: ServerResponse, body: unknown, status = 200): ServerResponse =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

/** Answers with the items that came in, each in an object. */
export const echo: Answer = (response, { body }) => {
  const sent = JSON.parse(body) as { items?: unknown[] }
  json(response, Array.isArray(sent?.items) ? sent.items.map((item) => ({ item })) : { item: sent })
}

export const httpSkill = (changes: Partial<HttpSkill> = {}): HttpSkill => {
  const mode = changes.mode ?? 'batch'
  return {
    kind: 'http',
    url: 'http://127.0.0.1:1/',
    mode,
    method: 'POST',
    headers: {},
    body: mode === 'item' ? '${item}' : { items: '${items}' },
    result: '${body}',
    concurrency: 4,
    version: null,
    params: {},
    ...changes,
  }
}

interface Around {
  scenario?: Partial<SkillScenario>
  host?: Partial<SkillHost>
  functions?: HttpFunctions
}

/** Closed with the test. */
export async function openHttp(changes: Partial<HttpSkill>, { scenario, host, functions = {} }: Around = {}): Promise<Skill> {
  const given: SkillScenario = {
    run: 'run-1',
    variant: 'default',
    scenario: 'simple',
    difficulty: 'easy',
    size: 9,
    params: { depth: 3 },
    memoryLimitMb: null,
    input: { kind: 'generator', generator: 'uniform', seed: 1 },
    ...scenario,
  }
  const around = { workers: new Workers({ max: 1 }), clock: systemClock, graceMs: 200, maxResultBytes: 1_000_000, itemsModule: '' }
  const skill = await openHttpSkill(httpSkill(changes), given, { ...around, log() {}, ...host }, functions)
  onTestFinished(() => skill.close())
  return skill
}
