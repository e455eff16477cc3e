import type { Socket } from 'node:net'
import { SimulatedClock } from 'xstate'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { checkHttpSkill } from '../../src/skills/http.ts'
import { describeError, type StoredError } from '../../src/skills/errorClass.ts'
import type { Skill } from '../../src/skills/skill.ts'
import { until } from '../support/until.ts'
import { batch, options } from './host.ts'
import { echo, httpSkill, json, openHttp, serve } from './httpServer.ts'
import { serveProxy, serveSecurely, serveTunnels } from './proxyServer.ts'

const NAMES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy']

beforeEach(() => {
  for (const name of NAMES) vi.stubEnv(name, undefined)
})

afterEach(() => {
  vi.unstubAllEnvs()
})

const thrownBy = async (skill: Skill): Promise<Error & { hint: string }> =>
  await skill.call(batch(0, [1]), options()).then(
    (outcome) => Promise.reject(new Error(`It gave ${outcome.result}`)),
    (thrown: Error & { hint: string }) => thrown,
  )

const failure = async (skill: Skill): Promise<StoredError> => describeError(await thrownBy(skill), { at: 0, attempt: 1 })

const portOf = (address: string) => Number(new URL(address).port)

describe('services behind a proxy (case 21)', () => {
  test('http: the proxy is told the whole address, over a connection that is kept', async () => {
    const service = await serve(echo)
    const proxy = await serveProxy(portOf(service.address))
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${proxy.port}`)
    const skill = await openHttp({ url: 'http://scores.example/v1?a=b' })
    for (const n of [1, 2]) expect((await skill.call(batch(0, [n]), options())).result).toBe(`[{"item":${n}}]`)
    expect(proxy.asked).toEqual(Array(2).fill('POST http://scores.example/v1?a=b'))
    expect(service.received[0]).toMatchObject({ url: '/v1?a=b', headers: { host: 'scores.example' } })
    expect(proxy.heads[0]).not.toHaveProperty('proxy-authorization')
    expect(proxy.accepted()).toBe(1)
    await skill.close()
    await proxy.empty()
  })

  test('https: through a tunnel that is kept, by the name of the service', async () => {
    const service = await serveSecurely((_request, response) => json(response, [1]))
    const proxy = await serveProxy(service.port)
    vi.stubEnv('https_proxy', `http://me:p%40ss-word@127.0.0.1:${proxy.port}`)
    const skill = await openHttp({ url: 'https://scores.example/v1' })
    for (let i = 0; i < 2; i++) expect((await skill.call(batch(0, [1]), options())).result).toBe('[1]')
    expect(proxy.asked).toEqual(['CONNECT scores.example:443'])
    // me:p@ss-word
    expect(proxy.heads[0]).toMatchObject({ host: 'scores.example:443', 'proxy-authorization': 'Basic bWU6cEBzcy13b3Jk' })
    expect(service.names).toEqual(['scores.example'])
    await skill.close()
    await proxy.empty()
    await service.empty()
  })

  test('a proxy of https is spoken to by TLS, by its own name', async () => {
    const plain = await serve(echo)
    const proxy = await serveProxy(portOf(plain.address), { secure: true })
    vi.stubEnv('HTTP_PROXY', `https://localhost:${proxy.port}`)
    expect((await (await openHttp({ url: 'http://scores.example/' })).call(batch(0, [1]), options())).result).toBe('[{"item":1}]')
    expect(proxy.names).toEqual(['localhost'])

    const service = await serveSecurely((_request, response) => json(response, [2]))
    const tunnels = await serveProxy(service.port, { secure: true })
    vi.stubEnv('HTTPS_PROXY', `https://localhost:${tunnels.port}`)
    const skill = await openHttp({ url: 'https://scores.example:8443/' })
    expect((await skill.call(batch(0, [1]), options())).result).toBe('[2]')
    expect([tunnels.asked, tunnels.names, service.names]).toEqual([['CONNECT scores.example:8443'], ['localhost'], ['scores.example']])
    await skill.close()
    await tunnels.empty()
  })

  test('loopback and NO_PROXY are reached without it', async () => {
    const service = await serve(echo)
    const proxy = await serveProxy(portOf(service.address))
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${proxy.port}`)
    for (const host of ['127.0.0.1', 'localhost']) {
      const skill = await openHttp({ url: `http://${host}:${portOf(service.address)}` })
      expect((await skill.call(batch(0, [1]), options())).result).toBe('[{"item":1}]')
    }
    vi.stubEnv('NO_PROXY', 'other.example,.invalid')
    expect(await failure(await openHttp({ url: 'http://nobody.invalid/' }))).toMatchObject({ class: 'transient' })
    expect(proxy.accepted()).toBe(0)
  })
})

describe('a proxy that does not let us through (case 21)', () => {
  test.for<[number, string, string, RegExp, object]>([
    [407, 'critical', ': the proxy asks for a user and a password', /http:\/\/USER:PASSWORD@HOST:PORT/, {}],
    [403, 'critical', '', /allow scores\.example:443.* HTTPS_PROXY/, {}],
    [502, 'transient', '', /NO_PROXY/, {}],
    [503, 'transient', '', /NO_PROXY/, { retryAfterMs: 7_000 }],
  ])('a tunnel that is refused with %i is %s, and names the proxy without its password', async ([status, errorClass, why, hint, more]) => {
    const proxy = await serveProxy(1, { refuse: status })
    vi.stubEnv('HTTPS_PROXY', `http://me:sesame-4711@127.0.0.1:${proxy.port}`)
    const error = await thrownBy(await openHttp({ url: 'https://scores.example/v1' }))
    expect(error.hint).toMatch(hint)
    expect(describeError(error, { at: 0, attempt: 1 })).toEqual({
      at: 0,
      attempt: 1,
      name: 'HttpStatusError',
      class: errorClass,
      code: 'HTTP_STATUS',
      status,
      message: `CONNECT scores.example:443 through http://127.0.0.1:${proxy.port} (HTTPS_PROXY) was answered with ${status}${why}`,
      ...more,
    })
    expect(proxy.asked).toEqual(['CONNECT scores.example:443'])
    await proxy.empty()
  })

  test('what it says again of what it was told is hidden', async () => {
    const proxy = await serveProxy(1, { refuse: 407 })
    vi.stubEnv('HTTP_PROXY', `http://me:sesame-4711@127.0.0.1:${proxy.port}`)
    const error = await thrownBy(await openHttp({ url: 'http://scores.example/v1' }))
    expect(error.message).toMatch(
      `POST http://scores.example/v1 through http://127.0.0.1:${proxy.port} (HTTP_PROXY) was answered with 407: the proxy asks for a user and a password: {`,
    )
    expect(error.message).toContain('Basic ***')
    // me:sesame-4711
    expect(`${error.stack} ${error.hint}`).not.toMatch(/sesame|bWU6c2VzYW1lLTQ3MTE/)
    expect(proxy.heads[0]).toMatchObject({ 'proxy-authorization': 'Basic bWU6c2VzYW1lLTQ3MTE=' })
  })

  test('a good answer loses what lets us in, and no word that the password may be', async () => {
    const service = await serve((response, { headers }) => json(response, [headers['proxy-authorization'], 'pass']))
    const proxy = await serveProxy(portOf(service.address))
    vi.stubEnv('HTTP_PROXY', `http://me:pass@127.0.0.1:${proxy.port}`)
    const skill = await openHttp({ url: 'http://scores.example/' })
    expect((await skill.call(batch(0, [1, 2]), options())).result).toBe('["Basic ***","pass"]')
  })

  test.for(['http://me:sesame-4711@127.0.0.1:1', 'https://127.0.0.1:1', 'http://[::1]:1'])(
    '%s, where nobody listens: transient, with its address and its variable',
    async (value) => {
      for (const name of ['HTTPS_PROXY', 'HTTP_PROXY']) vi.stubEnv(name, value)
      for (const [url, name] of [
        ['https://scores.example/', 'HTTPS_PROXY'],
        ['http://scores.example/', 'HTTP_PROXY'],
      ] as const) {
        const error = await failure(await openHttp({ url }))
        expect(error).toMatchObject({ class: 'transient', code: 'PROXY_CONNECTION', name: 'ProxyConnectionError' })
        expect(error.message).toMatch(`The proxy ${value.replace('me:sesame-4711@', '')} (${name}) cannot be reached: connect E`)
        expect(JSON.stringify(error)).not.toContain('sesame')
      }
    },
  )

  test.for<[string, (socket: Socket) => unknown]>([
    ['hangs up', (socket) => socket.destroy()],
    ['hangs up in order', (socket) => socket.end()],
    ['speaks no HTTP', (socket) => socket.end('220 mail.example ESMTP\r\n')],
  ])('one that %s where it is asked for a tunnel: transient, with its address', async ([, answer]) => {
    const proxy = await serveTunnels(answer)
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`)
    const error = await failure(await openHttp({ url: 'https://scores.example/' }))
    expect(error).toMatchObject({ class: 'transient', code: 'PROXY_CONNECTION' })
    expect(error.message).toMatch(`The proxy http://127.0.0.1:${proxy.port} (HTTPS_PROXY) cannot be reached: `)
    await proxy.empty()
  })
})

describe('a variable that names no proxy (case 21)', () => {
  const WRONG = 'The environment variable http_proxy names no proxy of http or https'

  test.for(['http://scores.example/', 'http://scores.example/of/${item}', '${env:BASE_URL}/of/${item}'])(
    'is found before anything is run, for %s',
    async (url) => {
      vi.stubEnv('http_proxy', 'socks5://me:sesame@h:1')
      vi.stubEnv('BASE_URL', 'http://scores.example')
      const error = await checkHttpSkill(httpSkill({ url })).catch((e) => e)
      expect(error).toMatchObject({ code: 'SKILL_LOAD', exitCode: 2, message: WRONG })
      expect(error.hint).toContain('Write it as http://HOST:PORT')
      expect(JSON.stringify([error, error.stack, error.cause.stack])).not.toContain('sesame')
      vi.stubEnv('no_proxy', 'scores.example')
      expect(await checkHttpSkill(httpSkill({ url }))).toEqual([])
    },
  )

  test.for(['http://127.0.0.1/${item}', 'https://scores.example/', 'http://scores.example:${item}/', 'http://${item}/'])(
    'does not matter to %s',
    async (url) => {
      vi.stubEnv('http_proxy', 'socks5://h:1')
      vi.stubEnv('https_proxy', 'http://h:1')
      expect(await checkHttpSkill(httpSkill({ url, mode: 'item' }))).toEqual([])
    },
  )

  test('fails the items whose addresses need it, and no others', async () => {
    const service = await serve((response) => json(response, 1))
    vi.stubEnv('http_proxy', 'socks5://me:sesame@h:1')
    const skill = await openHttp({ url: `http://\${item}:${portOf(service.address)}/`, mode: 'item' })
    const outcome = await skill.call(batch(0, ['127.0.0.1', 'scores.example']), options())
    expect(outcome.result).toBe('[1,null]')
    expect(outcome.itemFailures).toMatchObject([[1, { message: WRONG, class: 'critical' }]])
  })
})

describe('tunnels that are not open yet (case 21)', () => {
  const established = 'HTTP/1.1 200 Connection established\r\n\r\n'

  test.for([
    ['asked for', ''],
    ['open, and its service says nothing', established],
  ] as const)('end with the time-out of the batch, with an abort and with the skill: %s', async ([, answer]) => {
    const clock = new SimulatedClock()
    const proxy = await serveTunnels((socket) => socket.write(answer))
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`)
    const skill = await openHttp({ url: 'https://scores.example/' }, { host: { clock } })

    const slow = skill.call(batch(0, [1]), options({ timeoutMs: 500 }))
    await until('one is asked for', () => proxy.asked() === 1)
    clock.increment(500)
    await expect(slow).rejects.toMatchObject({ code: 'BATCH_TIMEOUT' })
    await proxy.empty()

    const controller = new AbortController()
    const cancelled = skill.call(batch(1, [1]), options({ signal: controller.signal }))
    await until('two are asked for', () => proxy.asked() === 2)
    controller.abort(new Error('by the user'))
    await expect(cancelled).rejects.toBe(controller.signal.reason)
    await proxy.empty()

    const settled = Promise.allSettled([skill.call(batch(2, [1]), options())])
    await until('three are asked for', () => proxy.asked() === 3)
    await skill.close()
    expect((await settled)[0]).toMatchObject({ status: 'rejected', reason: { code: 'SKILL_CLOSED' } })
    await proxy.empty()
  })

  test('as many as requests at once; an abort ends those that are used', async () => {
    const service = await serveSecurely()
    const proxy = await serveProxy(service.port)
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`)
    const skill = await openHttp({ url: 'https://scores.example/', mode: 'item', concurrency: 3 })
    const controller = new AbortController()
    const settled = Promise.allSettled([skill.call(batch(0, [1, 2, 3, 4]), options({ signal: controller.signal }))])
    await until('three are connected', () => service.names.length === 3)
    controller.abort(new Error('by the user'))
    await settled
    await proxy.empty()
    expect(proxy.asked).toEqual(Array(3).fill('CONNECT scores.example:443'))
  })

  test('outlive the abort of another request', async () => {
    const service = await serveSecurely((_request, response) => json(response, [1]))
    let release = () => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    const { connect } = await import('node:net')
    const proxy = await serveTunnels(async (socket, number) => {
      if (number === 0) return
      await released
      const onward = connect(service.port, '127.0.0.1', () => socket.write(established))
      socket.on('close', () => onward.destroy())
      onward.on('close', () => socket.destroy())
      socket.pipe(onward).pipe(socket)
    })
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`)
    const skill = await openHttp({ url: 'https://scores.example/' })
    const controller = new AbortController()
    const cancelled = skill.call(batch(0, [1]), options({ signal: controller.signal }))
    await until('one is asked for', () => proxy.asked() === 1)
    const other = skill.call(batch(1, [1]), options())
    await until('two are asked for', () => proxy.asked() === 2)
    controller.abort(new Error('by the user'))
    await expect(cancelled).rejects.toBe(controller.signal.reason)
    release()
    expect((await other).result).toBe('[1]')
    // The first is not used by anybody any more.
    await until('one is left', () => proxy.open() === 1)
  })
})
