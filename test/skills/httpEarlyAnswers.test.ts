import diagnostics from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { describeError, type StoredError } from '../../src/skills/errorClass.ts'
import type { Skill } from '../../src/skills/skill.ts'
import { batch, options } from './host.ts'
import { openHttp, serveRaw } from './httpServer.ts'

const AT = Date.parse('2026-01-01T00:00:00Z')
const MB = 1024 * 1024
/** Far more than the system takes at once. */
const LARGE = 'x'.repeat(20 * MB)

const failure = async (skill: Skill): Promise<StoredError> => {
  const error: unknown = await skill.call(batch(0, [LARGE]), options()).then(
    (outcome) => Promise.reject(new Error(`It gave ${outcome.result}`)),
    (thrown: unknown) => thrown,
  )
  return describeError(error, { at: AT, attempt: 1 })
}

/** Reads the beginning of a request and does what is told, while the client still sends. */
const inMidRequest = (then: (socket: Socket) => void) =>
  serveRaw((socket) => {
    socket.once('data', () => {
      socket.pause()
      then(socket)
    })
  })

const answer = (status: string, headers = '') => `HTTP/1.1 ${status}\r\n${headers}connection: close\r\ncontent-length: 4\r\n\r\nsaid`

/**
 * A server in a thread of its own. It says its text to whoever connects, and hangs up; the client, which is just about to write, is held until that is
 * done: its first write fails with the answer unread.
 */
async function refuseBeforeFirstWrite(text: string, end: 'destroy' | 'resetAndDestroy'): Promise<string> {
  const held = new Int32Array(new SharedArrayBuffer(4))
  const hungUp = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `const { workerData: { text, end, held, hungUp }, parentPort } = require('node:worker_threads')
    const server = require('node:net').createServer(async (socket) => {
      socket.on('error', () => {})
      await Atomics.waitAsync(held, 0, 0).value
      socket.on('close', () => {
        Atomics.add(hungUp, 0, 1)
        Atomics.notify(hungUp, 0)
      })
      socket.write(text, () => socket[end]())
    })
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`,
    { eval: true, workerData: { text, end, held, hungUp } },
  )
  const hold = () => {
    Atomics.add(held, 0, 1)
    Atomics.notify(held, 0)
    Atomics.wait(hungUp, 0, 0)
  }
  diagnostics.subscribe('undici:client:sendHeaders', hold)
  onTestFinished(async () => {
    diagnostics.unsubscribe('undici:client:sendHeaders', hold)
    await worker.terminate()
  })
  return `http://127.0.0.1:${await new Promise<number>((resolve) => worker.once('message', resolve))}`
}

describe('a server that answers and hangs up before it has read all (case 22)', () => {
  test.for<[string, string, Partial<StoredError>, (socket: Socket, text: string) => void]>([
    [
      '413, closed',
      answer('413 Payload Too Large'),
      { status: 413, class: 'critical' },
      (socket, text) => socket.write(text, () => socket.destroy()),
    ],
    [
      '401, closed',
      answer('401 Unauthorized'),
      { status: 401, class: 'critical' },
      (socket, text) => socket.write(text, () => socket.destroy()),
    ],
    [
      '429 with Retry-After, closed',
      answer('429 Too Many Requests', 'retry-after: 7\r\n'),
      { status: 429, class: 'transient', retryAfterMs: 7_000 },
      (socket, text) => socket.write(text, () => socket.destroy()),
    ],
    [
      '413, reset',
      answer('413 Payload Too Large'),
      { status: 413, class: 'critical' },
      (socket, text) => socket.write(text, () => socket.resetAndDestroy()),
    ],
    [
      '413, half closed, then closed',
      answer('413 Payload Too Large'),
      { status: 413 },
      (socket, text) => socket.end(text, () => socket.destroy()),
    ],
    [
      '413 that does not say that the connection ends',
      'HTTP/1.1 413 Payload Too Large\r\ncontent-length: 4\r\n\r\nsaid',
      { status: 413, class: 'critical' },
      (socket, text) => socket.write(text, () => socket.destroy()),
    ],
    [
      '413 whose body ends with the connection',
      'HTTP/1.1 413 Payload Too Large\r\n\r\nsaid',
      { status: 413, class: 'critical' },
      (socket, text) => socket.write(text, () => socket.destroy()),
    ],
  ])('%s: the answer counts, once', async ([, text, expected, end]) => {
    const service = await inMidRequest((socket) => end(socket, text))
    const skill = await openHttp({ url: service.address })
    expect(await failure(skill)).toMatchObject({ code: 'HTTP_STATUS', ...expected })
    expect(service.accepted()).toBe(1)
    await service.empty()
  })

  test.for<[string, (socket: Socket) => void]>([
    ['closed', (socket) => socket.destroy()],
    ['reset', (socket) => socket.resetAndDestroy()],
    ['closed within the head', (socket) => socket.write('HTTP/1.1 413 Payload', () => socket.destroy())],
  ])('%s without an answer: transient', async ([, lose]) => {
    const service = await inMidRequest(lose)
    const skill = await openHttp({ url: service.address })
    const error = await failure(skill)
    expect(error).toMatchObject({ class: 'transient' })
    expect(error.status).toBeUndefined()
    await service.empty()
  })

  test.for<[string, 'destroy' | 'resetAndDestroy', Partial<StoredError>]>([
    ['413 Payload Too Large', 'destroy', { status: 413, class: 'critical' }],
    ['413 Payload Too Large', 'resetAndDestroy', { status: 413, class: 'critical' }],
    ['401 Unauthorized', 'destroy', { status: 401, class: 'critical' }],
    ['429 Too Many Requests\r\nRetry-After: 7', 'destroy', { status: 429, class: 'transient', retryAfterMs: 7_000 }],
    ['503 Service Unavailable\r\nRetry-After: 2', 'resetAndDestroy', { status: 503, class: 'transient', retryAfterMs: 2_000 }],
  ])('%j, then %s, all before the first write: the answer counts', async ([status, end, expected]) => {
    const skill = await openHttp({ url: await refuseBeforeFirstWrite(answer(status), end) })
    expect(await failure(skill)).toMatchObject({ code: 'HTTP_STATUS', message: expect.stringMatching(/: said$/), ...expected })
  })

  test.for(['destroy', 'resetAndDestroy'] as const)('nothing but %s before the first write: transient', async (end) => {
    const error = await failure(await openHttp({ url: await refuseBeforeFirstWrite('', end) }))
    expect(error).toMatchObject({ class: 'transient' })
    expect(error.status).toBeUndefined()
  })
})
