import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { openTroupe, type PlanInput, type Report, type StoredEvent } from '../../src/index.ts'
import type { Clock } from '../../src/clock.ts'
import { alive } from '../skills/host.ts'
import { until } from '../support/until.ts'

const WILD = fileURLToPath(new URL('./fixtures/wild.mjs', import.meta.url))
const BATCHES = 4
const BATCH_SIZE = 10
const SIZE = BATCHES * BATCH_SIZE

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'troupe-gauntlet-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** What keeps this process busy: timers, sockets, pipes, children. */
const resources = () =>
  process
    .getActiveResourcesInfo()
    .filter((kind) => /Timeout|Socket|Pipe|Process|TCP/.test(kind))
    .toSorted()

const isNoMoreThan = (now: readonly string[], before: readonly string[]) =>
  now.every((kind) => now.filter((each) => each === kind).length <= before.filter((each) => each === kind).length)

interface Outcome {
  report: Report
  /** Of the third batch. */
  failed: StoredEvent[]
  pids: number[]
}

/** Unlike any other time for which something waits here. */
const BATCH_TIMEOUT_MS = 3_333_333

/** Real time, but for the time-outs of batches: they come when they are told to. */
class HeldTimeouts implements Clock {
  /** How many batches have begun. */
  begun = 0
  readonly #held = new Set<() => void>()

  now() {
    return Date.now()
  }

  setTimeout(then: () => void, delayMs: number): unknown {
    if (delayMs !== BATCH_TIMEOUT_MS) return setTimeout(then, delayMs)
    this.begun++
    this.#held.add(then)
    return then
  }

  clearTimeout(id: unknown) {
    if (!this.#held.delete(id as () => void)) clearTimeout(id as NodeJS.Timeout)
  }

  /** The time of the only batch that is under way is over; `false` if there is none, or another one. */
  expire(): boolean {
    const [then, ...others] = this.#held
    if (!then || others.length > 0) return false
    this.#held.delete(then)
    then()
    return true
  }
}

/** The third batch runs out of its time twice: when the others, those that come later aside, are done, and it says that it has begun. */
async function expireThird(clock: HeldTimeouts) {
  for (const attempt of [1, 2]) {
    await until('the third batch alone is under way', () => {
      const said = existsSync(begun()) ? readFileSync(begun(), 'utf8').split('\n').length - 1 : 0
      return said === attempt && clock.begun === 2 * BATCHES - 2 + attempt && clock.expire()
    })
  }
}

/** A file with a line for each time that the third batch has begun. */
const begun = () => join(directory, 'pids.begun')

/** One scenario, one of whose batches runs wild, beside one that does not; then nothing of either is left. */
async function run(skill: PlanInput['skill'], error: object = {}): Promise<Outcome> {
  const before = resources()
  const pids = join(directory, 'pids')
  const events: StoredEvent[] = []
  let report: Report
  {
    const clock = new HeldTimeouts()
    await using troupe = await openTroupe({ database: 'memory', clock })
    const run = await troupe.start({
      name: 'gauntlet',
      variants: { tame: { kind: 'function', module: WILD, export: 'behaves', params: { pids } }, wild: skill! },
      scenarios: { only: { size: SIZE, batchSize: BATCH_SIZE, errorTolerance: 0.25, memoryLimitMb: 200 } },
      batchTimeoutMs: BATCH_TIMEOUT_MS,
      graceMs: 100,
      retry: { attempts: 2, backoffMs: 1 },
    })
    if ('code' in error && error.code === 'BATCH_TIMEOUT') await expireThird(clock)
    for await (const event of run.events()) events.push(event)
    report = await run.result()
  }
  const said = existsSync(pids) ? (await readFile(pids, 'utf8')).trim().split('\n').map(Number) : []
  await until('no process is left', () => !said.some(alive))
  await until('no timer and no socket is left', () => isNoMoreThan(resources(), before))
  return { report, failed: events.filter(({ type, actor }) => type === 'batch.failed' && actor === 'wild/only'), pids: said }
}

/** The batch failed so and was stored so, the others of its scenario are confirmed, and the scenario ended well. */
function expectOneBatchLost({ report, failed }: Outcome, error: object) {
  expect(failed.map(({ data }) => data)).toEqual([expect.objectContaining({ batch: 2, error: expect.objectContaining(error) })])
  const [tame, wild] = report.scenarios
  expect(tame).toMatchObject({ status: 'complete', items: SIZE, itemsFailed: 0 })
  expect(wild).toMatchObject({ status: 'complete', items: SIZE - BATCH_SIZE, itemsFailed: BATCH_SIZE })
}

const FUNCTIONS: [name: string, error: object][] = [
  ['loopsForEver', { code: 'BATCH_TIMEOUT', class: 'transient', attempt: 2 }],
  ['exits', { code: 'SKILL_CRASHED', class: 'recoverable', attempt: 1, message: expect.stringContaining('exit code 7') }],
  ['throwsFromATimer', { code: 'SKILL_CRASHED', class: 'recoverable', message: expect.stringContaining('out of a timer') }],
  ['returnsGarbage', { code: 'RESULT_SHAPE', class: 'critical', attempt: 1 }],
  ['returnsTooFew', { code: 'RESULT_SHAPE', message: 'The skill returned 9 results for 10 items' }],
  ['returnsACycle', { code: 'UNSTORABLE_RESULT', class: 'critical' }],
  ['neverResolves', { code: 'BATCH_TIMEOUT', class: 'transient', attempt: 2 }],
  ['ignoresTheAbort', { code: 'BATCH_TIMEOUT', class: 'transient', attempt: 2 }],
]

const wildFunction = (name: string): PlanInput['skill'] => ({
  kind: 'function',
  module: WILD,
  export: name,
  params: { pids: join(directory, 'pids') },
})

test.each(FUNCTIONS)('a function that %s costs its batch', async (name, error) => {
  const outcome = await run(wildFunction(name), error)
  expectOneBatchLost(outcome, error)
  expect(new Set(outcome.pids).size).toBeGreaterThan(1)
})

test('a function that fills the heap costs its scenario, not the run', async () => {
  const { report, failed } = await run(wildFunction('fillsTheHeap'))
  const [tame, wild] = report.scenarios
  expect(wild).toMatchObject({ status: 'failed', reason: 'memory', items: 2 * BATCH_SIZE })
  expect(tame).toMatchObject({ status: 'complete', items: SIZE })
  expect(failed).toMatchObject([{ actor: 'wild/only', data: { batch: 2, error: { code: 'MEMORY_LIMIT' } } }])
})

/** A server that answers every request well, but for those that have "20" in their items: the third batch. */
async function serve(misbehave: (socket: Socket) => void): Promise<{ address: string; open: () => number }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const [head = '', body] = text.split('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1])
      if (body === undefined || body.length < length) return
      text = ''
      const { batch, results } = JSON.parse(body) as { batch: number; results: unknown[] }
      if (batch === 2) {
        appendFileSync(begun(), 'begun\n')
        return misbehave(socket)
      }
      const answer = JSON.stringify(results)
      socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`)
    })
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  return { address: `http://127.0.0.1:${port}/`, open: () => sockets.size }
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'

const SERVERS: [what: string, misbehave: (socket: Socket) => void, error: object][] = [
  ['resets the connection', (socket) => socket.resetAndDestroy(), { class: 'transient', attempt: 2 }],
  ['closes in mid-answer', (socket) => socket.end(`${HEAD}content-length: 100\r\n\r\n[1,`), { class: 'transient', attempt: 2 }],
  ['stalls', () => {}, { code: 'BATCH_TIMEOUT', class: 'transient', attempt: 2 }],
  [
    'trickles',
    (socket) => {
      socket.write(`${HEAD}content-length: 100000\r\n\r\n`)
      const trickle = setInterval(() => socket.write(' '), 5)
      socket.on('close', () => clearInterval(trickle))
    },
    { code: 'BATCH_TIMEOUT', class: 'transient', attempt: 2 },
  ],
  [
    'sends 10 MB of junk',
    (socket) => socket.write(`${HEAD}content-length: 10000000\r\n\r\n${'junk'.repeat(2.5e6)}`),
    { code: 'HTTP_ANSWER', class: 'critical', attempt: 1 },
  ],
  [
    'sends more than may be stored',
    (socket) => socket.write(`${HEAD}content-length: 20000001\r\n\r\n[${'1,'.repeat(9_999_999)}1]`),
    { code: 'HTTP_ANSWER', class: 'critical', attempt: 1 },
  ],
  ['speaks no HTTP', (socket) => socket.end('hello?\r\n\r\n'), { class: 'recoverable' }],
]

test.each(SERVERS)('a server that %s costs its batch', async (_what, misbehave, error) => {
  const server = await serve(misbehave)
  const outcome = await run({ kind: 'http', url: server.address, body: { batch: '${batch}', results: '${items}' } }, error)
  expectOneBatchLost(outcome, error)
  await until('no connection is left', () => server.open() === 0)
})

const COMMANDS: [what: string, script: string, error: object][] = [
  [
    'forks children that stay',
    'sleep 1000 & echo $! >> PIDS; sleep 1000 & echo $! >> PIDS; echo >> PIDS.begun; wait',
    { code: 'BATCH_TIMEOUT', attempt: 2 },
  ],
  ['ignores SIGTERM', 'trap "" TERM; echo >> PIDS.begun; while :; do sleep 0.01; done', { code: 'BATCH_TIMEOUT', attempt: 2 }],
  [
    'fills its standard error',
    'head -c 2000000 /dev/zero | tr "\\0" x | fold -w 100 >&2; echo the last words >&2; exit 3',
    { code: 'COMMAND_FAILED', class: 'recoverable', message: expect.stringContaining('the last words') },
  ],
  ['writes garbage', 'echo garbage', { class: 'critical' }],
  ['is ended by a signal', 'kill -9 $$', { code: 'COMMAND_FAILED', class: 'recoverable' }],
  ['asks to be tried later', 'exit 75', { code: 'COMMAND_FAILED', class: 'transient', attempt: 2 }],
]

test.each(COMMANDS)('a command that %s costs its batch', async (_what, script, error) => {
  const wild = script.replaceAll('PIDS', join(directory, 'pids'))
  const command = `echo $$ >> '${join(directory, 'pids')}'; if [ "$TROUPE_BATCH" = 2 ]; then ${wild}; else cat; fi`
  expectOneBatchLost(await run({ kind: 'command', command }, error), error)
})
