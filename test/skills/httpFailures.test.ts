import { gzipSync } from 'node:zlib'
import type { Socket } from 'node:net'
import { SimulatedClock } from 'xstate'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { classify, describeError, type StoredError } from '../../src/skills/errorClass.ts'
import type { Skill } from '../../src/skills/skill.ts'
import { until } from '../support/until.ts'
import { batch, options } from './host.ts'
import { echo, json, openHttp, serve, serveRaw } from './httpServer.ts'

const AT = Date.parse('2026-01-01T00:00:00Z')

/** What one batch fails with, as it is stored. */
const failure = async (skill: Skill): Promise<StoredError> => {
  const error: unknown = await skill.call(batch(0, [1]), options()).then(
    (outcome) => Promise.reject(new Error(`It gave ${outcome.result}`)),
    (thrown: unknown) => thrown,
  )
  return describeError(error, { at: AT, attempt: 1 })
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('answers other than 2xx', () => {
  test.for<[number, string, Record<string, string>, Partial<StoredError>]>([
    [300, 'critical', {}, {}],
    [304, 'critical', {}, {}],
    [400, 'critical', {}, {}],
    [404, 'critical', {}, {}],
    [408, 'transient', {}, {}],
    [425, 'transient', {}, {}],
    [429, 'transient', { 'retry-after': '7' }, { retryAfterMs: 7_000 }],
    [500, 'transient', {}, {}],
    [503, 'transient', { 'Retry-After': 'Thu, 01 Jan 2026 00:00:05 GMT' }, { retryAfterMs: 5_000 }],
  ])('%i is %s', async ([status, errorClass, headers, more]) => {
    const service = await serve((response) => response.writeHead(status, headers).end())
    const skill = await openHttp({ url: `${service.address}/score?key=k` })
    expect(await failure(skill)).toEqual({
      at: AT,
      attempt: 1,
      code: 'HTTP_STATUS',
      name: 'HttpStatusError',
      status,
      class: errorClass,
      message: `POST ${service.address}/score was answered with ${status}`,
      ...more,
    })
  })

  test('the message has the first 200 characters of what was said', async () => {
    const service = await serve((response) => json(response, `no\n\n  ${'x'.repeat(300)}`, 400))
    const { message } = await failure(await openHttp({ url: service.address }))
    expect(message).toBe(`POST ${service.address} was answered with 400: "no\\n\\n ${'x'.repeat(192)}`)
  })

  test('a redirect is not followed; the message says where it leads to, without its query', async () => {
    const target = await serve(echo)
    const service = await serve((response) => response.writeHead(307, { location: `${target.address}/there?token=t` }).end('moved'))
    const error = await (await openHttp({ url: service.address })).call(batch(), options()).catch((e) => e)
    expect(error.message).toBe(
      `POST ${service.address} was answered with 307: a redirect to ${target.address}/there, which is not followed`,
    )
    expect(error.hint).toContain('Redirects are not followed')
    expect(target.accepted()).toBe(0)
  })

  test('a connection outlives an error, but not one whose body does not end', async () => {
    const service = await serve((response, _request, number) => {
      response.writeHead(503)
      if (number === 1) response.write('x'.repeat(70_000))
      else response.end('busy')
    })
    const skill = await openHttp({ url: service.address })
    for (const accepted of [1, 1, 2]) {
      expect(await failure(skill)).toMatchObject({ status: 503 })
      expect(service.accepted()).toBe(accepted)
    }
  })

  test('the status counts even where the connection is lost within the body', async () => {
    const service = await serveRaw((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 100\r\n\r\npart'))
    })
    expect(await failure(await openHttp({ url: service.address }))).toMatchObject({ status: 502, class: 'transient' })
  })
})

describe('connections that are lost', () => {
  test.for<[string, (socket: Socket) => void]>([
    ['reset before the answer', (socket) => socket.resetAndDestroy()],
    ['closed before the answer', (socket) => socket.end()],
    ['reset within the head', (socket) => socket.write(HEAD, () => socket.resetAndDestroy())],
    ['reset within the body', (socket) => socket.write(`${HEAD}content-length: 10\r\n\r\n[1`, () => socket.resetAndDestroy())],
    ['closed within the body', (socket) => socket.end(`${HEAD}content-length: 10\r\n\r\n[1`)],
    ['closed within a chunked body', (socket) => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\n2\r\n[1\r\n`)],
  ])('%s: transient', async ([, lose]) => {
    const service = await serveRaw((socket) => void socket.once('data', () => lose(socket)))
    expect(await failure(await openHttp({ url: service.address }))).toMatchObject({
      class: 'transient',
      code: 'HTTP_CONNECTION',
      message: expect.stringMatching(new RegExp(`^POST ${service.address} failed: [^:]+$`)),
    })
    await service.empty()
  })

  test('https to a port that speaks http names the address and says so, without the words of OpenSSL (first hour 6)', async () => {
    const service = await serve((response) => response.end('[]'))
    const url = `${service.address.replace('http:', 'https:')}/score`
    const error = await failure(await openHttp({ url: `${url}?key=k` }))
    expect(error).toMatchObject({ class: 'recoverable', code: 'HTTP_CONNECTION', name: 'HttpConnectionError' })
    expect(error.message).toMatch(new RegExp(`^POST ${url} failed: TLS: [a-z ]+; what answers there does not speak https$`))
  })

  test('refused, and a name that nobody knows: transient', async () => {
    vi.stubEnv('no_proxy', '*')
    expect(await failure(await openHttp({ url: 'http://127.0.0.1:1/' }))).toMatchObject({
      class: 'transient',
      code: 'HTTP_CONNECTION',
      message: 'POST http://127.0.0.1:1/ failed: connect ECONNREFUSED 127.0.0.1:1',
      causes: [{ name: 'Error', message: 'connect ECONNREFUSED 127.0.0.1:1' }],
    })
    expect(await failure(await openHttp({ url: 'http://nobody.invalid/' }))).toMatchObject({
      class: 'transient',
      message: expect.stringMatching(/^POST http:\/\/nobody\.invalid\/ failed: getaddrinfo (ENOTFOUND|EAI_AGAIN) nobody\.invalid$/),
    })
  })

  test('what is no HTTP is not transient', async () => {
    const service = await serveRaw((socket) => void socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n')))
    expect(await failure(await openHttp({ url: service.address }))).toMatchObject({ class: 'recoverable' })
  })
})

describe('answers that are no results show what came back (first hour 6)', () => {
  test.for<[string, Record<string, string>, string | Uint8Array, string]>([
    [
      'a page',
      { 'content-type': 'text/html; charset=utf-8' },
      '<!doctype html>\n<title>Sign in</title>',
      'RESULT_SHAPE 200, text/html; charset=utf-8: no array of results for 1 item: <!doctype html> <title>Sign in</title>',
    ],
    ['nothing', {}, '', 'RESULT_SHAPE 200, without a Content-Type: no array of results for 1 item: its body is empty'],
    [
      'too many',
      { 'content-type': 'application/json' },
      '{"results":[1,2]}',
      'RESULT_SHAPE 200, application/json: 2 results for 1 item: {"results":[1,2]}',
    ],
    [
      'an object without results, and a secret in it',
      { 'content-type': 'application/json' },
      '{"detail":"topsecretkey42"}',
      'RESULT_SHAPE 200, application/json: no array of results for 1 item: {"detail":"***"}',
    ],
    [
      'gzip',
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      gzipSync('[1,2,3]'),
      'HTTP_ANSWER 200, application/json, compressed (gzip), which was not asked for',
    ],
  ])('%s', async ([, headers, body, expected]) => {
    vi.stubEnv('A_TOKEN', 'topsecretkey42')
    const service = await serve((response) => response.writeHead(200, headers).end(body))
    const { code, message } = await failure(await openHttp({ url: service.address, headers: { 'x-token': '${env:A_TOKEN}' } }))
    expect(`${code} ${message}`).toBe(expected.replace(' ', ` POST ${service.address} was answered with `))
  })
})

describe('answers that do harm', () => {
  const JUNK = 'junk '.repeat(2 * 1024 * 1024)

  test.for<[string, string, string]>([
    ['application/json', `[${JUNK}`, 'was answered with broken JSON: [junk junk'],
    ['application/json', '[1,', 'was answered with broken JSON: [1,'],
    ['text/plain', JUNK, 'was answered with 200, text/plain: no array of results for 1 item: junk junk'],
  ])('%s that is junk: critical', async ([contentType, body, message]) => {
    const service = await serve((response) => response.writeHead(200, { 'content-type': contentType }).end(body))
    const error = await failure(await openHttp({ url: service.address }, { host: { maxResultBytes: 16_777_216 } }))
    expect(error).toMatchObject({ class: 'critical', message: expect.stringContaining(message) })
    expect(error.message.length).toBeLessThan(400)
  })

  test('no more than maxResultBytes are read, then the connection ends', async () => {
    let sent = 0
    const service = await serveRaw((socket) => {
      const chunk = Buffer.alloc(16_384, 'x')
      const send = () => {
        while (!socket.destroyed) {
          sent += chunk.length
          if (!socket.write(chunk)) return
        }
      }
      socket.once('data', () => {
        // It never ends.
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        socket.on('drain', send)
        send()
      })
    })
    const error = await failure(await openHttp({ url: service.address }, { host: { maxResultBytes: 1_000_000 } }))
    expect(error).toMatchObject({
      code: 'HTTP_ANSWER',
      class: 'critical',
      message: `POST ${service.address} was answered with more than maxResultBytes, 1000000 bytes`,
    })
    await service.empty()
    // Buffers of the system lie between.
    expect(sent).toBeLessThan(20_000_000)
  })

  test('an answer of exactly maxResultBytes is read', async () => {
    const service = await serve((response, _request, number) => response.end(number === 0 ? '["345678"]' : '["3456789"]'))
    const skill = await openHttp({ url: service.address }, { host: { maxResultBytes: 10 } })
    expect((await skill.call(batch(0, [1]), options())).result).toBe('["345678"]')
    expect(await failure(skill)).toMatchObject({ code: 'HTTP_ANSWER' })
  })

  test('an answer that trickles in is put together', async () => {
    const bytes = Buffer.from(`${HEAD}content-length: 9\r\n\r\n["ü€"]\n`)
    const service = await serveRaw((socket) => {
      socket.setNoDelay(true)
      const trickle = (i: number) => void (i < bytes.length && socket.write(bytes.subarray(i, i + 1), () => setImmediate(trickle, i + 1)))
      socket.once('data', () => trickle(0))
    })
    const skill = await openHttp({ url: service.address })
    expect((await skill.call(batch(0, [1]), options())).result).toBe('["ü€"]')
  })

  test.for<[string, Record<string, string>, string]>([
    ['a header that may not be', { 'x-name': '${items.0.name}' }, 'cannot be sent: invalid x-name header'],
    ['a header without a value', { 'x-name': '${items.0.nobody}' }, '${items.0.nobody} has no value'],
    ['a header that is ours', { 'transfer-encoding': 'chunked' }, 'cannot be sent: invalid transfer-encoding header'],
    ['a header that is not supported', { expect: '100-continue' }, 'cannot be sent: expect header not supported'],
  ])('%s: critical, and nothing is sent', async ([, headers, message]) => {
    const service = await serve(echo)
    const skill = await openHttp({ url: service.address, headers })
    const error = await skill.call(batch(0, [{ name: 'a\nb' }]), options()).catch((e) => e)
    expect(error).toMatchObject({ code: 'TEMPLATE', message: expect.stringContaining(message) })
    expect(classify(error)).toBe('critical')
    expect(service.received).toEqual([])
  })

  test('items that give no address: critical', async () => {
    const skill = await openHttp({ url: '${items.0}/x?key=k' })
    expect(await failure(skill)).toMatchObject({ class: 'critical', message: 'The url "1/x" is no address of http or https' })
  })

  test('names that headers may not hold are escaped in the key', async () => {
    const service = await serve(echo)
    const skill = await openHttp({ url: service.address })
    await skill.call({ ...batch(0, [1]), idempotencyKey: 'run/größe 大/1/0-1' }, options())
    expect(service.received[0]!.headers['idempotency-key']).toBe('run/gr%C3%B6%C3%9Fe %E5%A4%A7/1/0-1')
  })
})

describe('secrets', () => {
  const SECRET = 'sesame/open "now"'

  test('are neither in messages nor in results, whatever the service says', async () => {
    vi.stubEnv('HTTP_TEST_SECRET', SECRET)
    const service = await serve((response, { url, headers, body }, number) => {
      const heard = { url, authorization: headers.authorization, sent: JSON.parse(body) as unknown }
      const said = `${url} ${String(headers.authorization)} ${body}`
      if (number === 0) response.writeHead(200, { 'x-echo': String(headers.authorization) }).end(JSON.stringify([heard]))
      else if (number === 1) response.writeHead(200).end(said)
      else if (number === 2) response.writeHead(400, { 'x-echo': String(headers.authorization) }).end(said)
      else if (number === 3) response.writeHead(302, { location: `/there/${encodeURIComponent(SECRET)}` }).end()
      else response.writeHead(200, { 'content-type': 'application/json' }).end(`[${said}`)
    })
    const skill = await openHttp({
      url: `${service.address}/\${env:HTTP_TEST_SECRET}/score?key=\${env:HTTP_TEST_SECRET}`,
      headers: { authorization: 'Bearer ${env:HTTP_TEST_SECRET}' },
      body: { key: '${env:HTTP_TEST_SECRET}' },
      result: ['${body}', '${headers}'],
    })
    const texts: string[] = []
    for (let i = 0; i < 2; i++) texts.push((await skill.call(batch(0, [1, 2]), options())).result)
    for (let i = 2; i < 5; i++) {
      const error = await skill.call(batch(0, [1, 2]), options()).catch((e) => e)
      texts.push(JSON.stringify([error.message, error.hint, error.headers, error.cause?.message]))
    }
    expect(service.received.every(({ headers }) => headers.authorization === `Bearer ${SECRET}`)).toBe(true)
    expect(service.received[0]!.url).toBe('/sesame%2Fopen%20%22now%22/score?key=sesame%2Fopen%20%22now%22')
    for (const text of texts) {
      expect(text).toContain('***')
      expect(text).not.toMatch(/sesame/)
    }
    expect(texts[2]).toContain(`POST ${service.address}/***/score was answered with 400`)
  })

  test('a header that holds one and may not be sent is named without it', async () => {
    vi.stubEnv('HTTP_TEST_SECRET', 'sesame\nopen')
    const service = await serve(echo)
    const error = await failure(await openHttp({ url: service.address, headers: { authorization: '${env:HTTP_TEST_SECRET}' } }))
    expect(error).toMatchObject({ class: 'critical', message: `POST ${service.address} cannot be sent: invalid authorization header` })
    expect(JSON.stringify(error)).not.toContain('sesame')
  })
})

describe('what is left', () => {
  /** Resolves when no client's end of a connection is open in this process, with the number of its timers. */
  const quiet = async () => {
    const held = () => process.getActiveResourcesInfo()
    await until('no connection is left', () => !held().some((name) => /TCPSocket|TLS|TCPConnect|GetAddrInfo/.test(name)))
    return held().filter((name) => name === 'Timeout').length
  }

  test('after close neither a connection nor a timer', async () => {
    const service = await serve(echo)
    const before = await quiet()
    const skill = await openHttp({ url: service.address, mode: 'item', concurrency: 3 })
    await skill.call(batch(0, [1, 2, 3, 4]), options())
    expect(service.connections()).toBe(3)
    await skill.close()
    await service.empty()
    expect(await quiet()).toBeLessThanOrEqual(before)
    await skill.close()
  })

  test('a request without an answer ends with the time-out, its connection at once', async () => {
    const clock = new SimulatedClock()
    let late: (() => void) | undefined
    const service = await serve((response) => void (late = () => json(response, [{ item: 1 }])))
    const skill = await openHttp({ url: service.address }, { host: { clock } })
    const call = skill.call(batch(7, [1]), options({ timeoutMs: 500 }))
    await until('it is asked', () => late !== undefined)
    clock.increment(499)
    expect(service.connections()).toBe(1)
    clock.increment(1)
    // The grace is not needed: nobody moves the clock on.
    await expect(call).rejects.toMatchObject({ code: 'BATCH_TIMEOUT' })
    await service.empty()
    late!()
    expect(service.accepted()).toBe(1)
  })

  test('so does one that stalls in mid-answer, and one that is cancelled', async () => {
    const clock = new SimulatedClock()
    let stalled = 0
    const service = await serveRaw((socket) => {
      socket.once('data', () => socket.write(`${HEAD}content-length: 100\r\n\r\n[1`, () => stalled++))
    })
    const skill = await openHttp({ url: service.address }, { host: { clock } })
    const call = skill.call(batch(0, [1]), options({ timeoutMs: 500 }))
    await until('one stalls', () => stalled === 1)
    clock.increment(500)
    await expect(call).rejects.toMatchObject({ code: 'BATCH_TIMEOUT' })
    await service.empty()

    const controller = new AbortController()
    const cancelled = skill.call(batch(1, [1]), options({ signal: controller.signal }))
    await until('two stall', () => stalled === 2)
    controller.abort(new Error('by the user'))
    await expect(cancelled).rejects.toBe(controller.signal.reason)
    await service.empty()
    expect(service.accepted()).toBe(2)
  })

  test('so does one that has no connection yet: its service says nothing to the handshake (case 21)', async () => {
    const clock = new SimulatedClock()
    let greeted = 0
    const silent = await serveRaw((socket) => void socket.once('data', () => greeted++))
    const skill = await openHttp({ url: silent.address.replace('http', 'https') }, { host: { clock } })
    const call = skill.call(batch(0, [1]), options({ timeoutMs: 500 }))
    await until('one is greeted', () => greeted === 1)
    clock.increment(500)
    await expect(call).rejects.toMatchObject({ code: 'BATCH_TIMEOUT' })
    await silent.empty()

    const controller = new AbortController()
    const cancelled = skill.call(batch(1, [1]), options({ signal: controller.signal }))
    await until('two are greeted', () => greeted === 2)
    controller.abort(new Error('by the user'))
    await expect(cancelled).rejects.toBe(controller.signal.reason)
    await silent.empty()
  })

  test('close ends what is under way, in every phase of a request', async () => {
    let asked = 0
    const silent = await serveRaw((socket) => void socket.once('data', () => asked++))
    const halfway = await serveRaw((socket) => void socket.once('data', () => socket.write(`${HEAD}\r\n[1`, () => asked++)))
    const before = await quiet()
    const skills = await Promise.all([
      openHttp({ url: silent.address }),
      openHttp({ url: halfway.address }),
      // Its handshake is never answered.
      openHttp({ url: silent.address.replace('http', 'https') }),
    ])
    const calls = skills.map((skill) => skill.call(batch(0, [1]), options()))
    const settled = Promise.allSettled(calls)
    await until('all three are asked', () => asked === 3)
    await Promise.all(skills.map((skill) => skill.close()))
    for (const call of await settled) expect(call).toMatchObject({ status: 'rejected', reason: { code: 'SKILL_CLOSED' } })
    await Promise.all([silent.empty(), halfway.empty()])
    for (const skill of skills) await expect(skill.call(batch(0, [1]), options())).rejects.toMatchObject({ code: 'SKILL_CLOSED' })
    expect(await quiet()).toBeLessThanOrEqual(before)
    expect([silent.accepted(), halfway.accepted()]).toEqual([2, 1])
  })
})
