import { SimulatedClock } from 'xstate'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { checkHttpSkill } from '../../src/skills/http.ts'
import { idempotencyKey } from '../../src/skills/idempotencyKey.ts'
import { BreakerOpenError } from '../../src/errors.ts'
import type { CallOptions, SkillContext } from '../../src/skills/skill.ts'
import { batch, options } from './host.ts'
import { echo, httpSkill, json, openHttp, serve } from './httpServer.ts'

const results = async (outcome: Promise<{ result: string }>): Promise<unknown> => JSON.parse((await outcome).result)

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('mode batch', () => {
  test('one request with all items; what comes back is its results', async () => {
    const service = await serve(echo)
    const skill = await openHttp({ url: `${service.address}/score` })
    const outcome = await skill.call(batch(4, ['a', { b: 1 }]), options())
    expect(JSON.parse(outcome.result)).toEqual([{ item: 'a' }, { item: { b: 1 } }])
    expect(outcome).toMatchObject({ processed: 2, quality: null, usage: null, cpuMs: null, memoryPeakMb: null })
    expect(service.received).toHaveLength(1)
    const { method, url, headers, body } = service.received[0]!
    expect({ method, url, body }).toEqual({ method: 'POST', url: '/score', body: '{"items":["a",{"b":1}]}' })
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'idempotency-key': 'run-1/default/simple/2/4' })
  })

  test('templates say what is sent and what of the answer counts', async () => {
    vi.stubEnv('HTTP_TEST_TOKEN', 'sesame-4711')
    const service = await serve((response) =>
      response
        .writeHead(201, { 'content-type': 'application/vnd.scores+json', 'x-cost': '7' })
        .end('{"scores":[1,2],"mean":0.5,"tokens":9}'),
    )
    const skill = await openHttp({
      url: `${service.address}/v1/\${variant}/score of \${params.depth}?first=\${items.0}`,
      method: 'PUT',
      headers: { Authorization: 'Bearer ${env:HTTP_TEST_TOKEN}', 'Content-Type': 'application/x.own+json', 'X-Attempt': '${attempt}' },
      body: { all: '${items}', n: '${items.length}', of: '${size}', text: '${scenario} ${batch}', literal: '$${x}' },
      result: { results: '${body.scores}', quality: '${body.mean}', usage: { tokens: '${body.tokens}', status: '${status}' } },
    })
    const outcome = await skill.call(batch(1, ['x/y & z', 2], 3), options())
    expect(outcome).toMatchObject({ result: '[1,2]', quality: { accuracy: 0.5 }, usage: { tokens: 9, status: 201 } })
    const [{ url, method, headers, body }] = service.received as [(typeof service.received)[0]]
    expect({ url, method }).toEqual({ url: '/v1/default/score%20of%203?first=x%2Fy%20%26%20z', method: 'PUT' })
    expect(headers).toMatchObject({ authorization: 'Bearer sesame-4711', 'content-type': 'application/x.own+json', 'x-attempt': '3' })
    expect(JSON.parse(body)).toEqual({ all: ['x/y & z', 2], n: 2, of: 9, text: 'simple 1', literal: '${x}' })
  })

  test('functions go before the templates, and may wait', async () => {
    const service = await serve((response) => response.writeHead(202, { 'x-cost': '7' }).end('2 3'))
    const told: unknown[] = []
    const skill = await openHttp(
      { url: service.address },
      {
        functions: {
          body: async (input, context) => {
            told.push((context as SkillContext).idempotencyKey)
            return (input as number[]).join(' ')
          },
          result: async ({ status, headers, body }, input) => (input as number[]).map((n) => [n, status, headers['x-cost'], body]),
        },
      },
    )
    expect(await results(skill.call(batch(0, [1, 2]), options()))).toEqual([
      [1, 202, '7', '2 3'],
      [2, 202, '7', '2 3'],
    ])
    expect(told).toEqual(['run-1/default/simple/2/0'])
    expect(service.received[0]).toMatchObject({ body: '1 2', headers: { 'content-type': 'text/plain;charset=UTF-8' } })
  })

  test.for([
    ['GET', null, undefined, undefined, ''],
    ['DELETE', null, undefined, undefined, ''],
    ['POST', { none: '${items.9}' }, undefined, 'application/json', '{"none":null}'],
    ['POST', '${items.9}', undefined, 'application/json', 'null'],
    ['POST', '<n>${items.0}</n>', undefined, 'text/plain;charset=UTF-8', '<n>5</n>'],
    ['POST', null, (): unknown => new TextEncoder().encode('ab'), 'application/octet-stream', 'ab'],
    ['POST', null, (): unknown => undefined, undefined, ''],
    ['POST', null, (): unknown => null, 'application/json', 'null'],
  ] as const)('%s with body %j', async ([method, template, body, contentType, expected]) => {
    const service = await serve((response) => json(response, [1]))
    const skill = await openHttp({ url: service.address, method, body: template }, { functions: body ? { body } : {} })
    await skill.call(batch(0, [5]), options())
    expect(service.received[0]!.body).toBe(expected)
    expect(service.received[0]!.headers['content-type']).toBe(contentType)
  })

  test.for([
    ['application/json', '[{"a":1}]', '[{"a":1}]'],
    ['application/json; charset=utf-8', '\ufeff["ü"]', '["ü"]'],
    ['text/plain;charset=latin1', 'caf', '["caf"]'],
    ['text/plain', '42', '["42"]'],
    ['text/plain', '0042', '["0042"]'],
    ['text/csv', '12345678901234567890', '["12345678901234567890"]'],
    ['text/html', 'null', '["null"]'],
    ['text/plain', 'no json', '["no json"]'],
    ['text/plain', '', '[null]'],
  ])('an answer of %s, %j (case 20)', async ([contentType, body, expected]) => {
    const service = await serve((response) => response.writeHead(200, { 'content-type': contentType }).end(body))
    const skill = await openHttp({
      url: service.address,
      result: contentType?.startsWith('text/') ? ['${body}'] : '${body}',
    })
    expect((await skill.call(batch(0, [1]), options())).result).toBe(expected)
  })

  test.for([
    ['text/plain', Buffer.from('caf\xe9', 'latin1'), 'answered with bytes that are no utf-8'],
    ['application/json; charset=utf-8', Buffer.from('["caf\xe9"]', 'latin1'), 'answered with bytes that are no utf-8'],
    ['text/plain; charset=x-mine', Buffer.from('a'), 'answered in the charset x-mine, which is not known here'],
    ['application/json', Buffer.from('[2512292042121000001]'), 'the number 2512292042121000001 would become'],
  ] as const)(
    'an answer of %s that cannot be read as it was meant fails its batch (case 20, case 4)',
    async ([contentType, body, message]) => {
      const service = await serve((response) => response.writeHead(200, { 'content-type': contentType }).end(body))
      const skill = await openHttp({ url: service.address })
      const failure = { code: 'HTTP_ANSWER', class: 'critical', message: expect.stringContaining(message) }
      await expect(skill.call(batch(0, [1]), options())).rejects.toMatchObject(failure)
    },
  )

  test('what is no list of results is refused as that of a function is', async () => {
    const service = await serve((response, _request, number) => json(response, [[1], { a: 1 }, 'text'][number]))
    const skill = await openHttp({ url: service.address })
    for (let i = 0; i < 3; i++) await expect(skill.call(batch(i), options())).rejects.toMatchObject({ code: 'RESULT_SHAPE' })
  })
})

test('an answer that is taken as it is may hold more than we ask for; what the plan makes of it may not', async () => {
  const service = await serve((response) => json(response, { results: [1], model: 'm', id: 7 }))
  const asItIs = await openHttp({ url: service.address })
  expect(await results(asItIs.call(batch(0, [1]), options()))).toEqual([1])
  const made = await openHttp({ url: service.address, result: { results: '${body.results}', qualitty: 1 } })
  await expect(made.call(batch(0, [1]), options())).rejects.toMatchObject({
    message: 'The skill returned a key "qualitty" beside "results", which means nothing; did you mean quality?',
  })
})

describe('mode item', () => {
  test('a request for each item, results in their order, and what each took', async () => {
    // The first is answered last.
    const held: (() => unknown)[] = []
    const service = await serve((response, { body }) => {
      held.unshift(() => json(response, { got: JSON.parse(body) as unknown }))
      if (held.length === 3) for (const release of held) release()
    })
    const skill = await openHttp({ url: `${service.address}/\${item.n}`, mode: 'item', concurrency: 3, result: '${body.got.n}' })
    const outcome = await skill.call(batch(2, [{ n: 0 }, { n: 1 }, { n: 2 }]), options())
    expect(outcome.result).toBe('[0,1,2]')
    expect(service.received.map(({ url }) => url).toSorted()).toEqual(['/0', '/1', '/2'])
    const { requests, itemMsTotal, itemMsMax } = outcome.usage!
    expect(requests).toBe(3)
    expect(itemMsMax).toBeGreaterThan(0)
    expect(itemMsTotal).toBeGreaterThan(itemMsMax!)
    expect(itemMsTotal).toBeLessThanOrEqual(3 * itemMsMax!)
  })

  test('as many at once as concurrency says, over connections that are kept', async () => {
    let inFlight = 0
    const seen: number[] = []
    const waiting: (() => void)[] = []
    const service = await serve((response, { body }) => {
      seen.push(++inFlight)
      waiting.push(() => {
        inFlight--
        json(response, Number(body))
      })
      // Answered only when as many are there as may be: fewer at once would never end, and more would be seen.
      if (waiting.length === 3) setImmediate(() => waiting.splice(0).forEach((release) => release()))
    })
    const skill = await openHttp({ url: service.address, mode: 'item', concurrency: 3 })
    for (let i = 0; i < 3; i++) expect((await skill.call(batch(i, [1, 2, 3, 4, 5, 6]), options())).result).toBe('[1,2,3,4,5,6]')
    expect(Math.max(...seen)).toBe(3)
    expect(service.received).toHaveLength(18)
    expect(service.accepted()).toBe(3)
  })

  test('more at once than Node takes for a leak are none', async () => {
    const warned = vi.fn<() => void>()
    process.on('warning', warned)
    const service = await serve(echo)
    const skill = await openHttp({ url: service.address, mode: 'item', concurrency: 40 })
    await skill.call(batch(0, Array.from({ length: 40 }).fill(1)), options())
    await new Promise(setImmediate)
    process.off('warning', warned)
    expect(warned).not.toHaveBeenCalled()
  })

  test('an item has the same key however the items are cut into batches', async () => {
    const service = await serve(echo)
    const skill = await openHttp({ url: service.address, mode: 'item', headers: { 'x-key': '${idempotencyKey}' } })
    const keys = async (from: number, items: number[], firstRound = 0) => {
      const before = service.received.length
      await skill.call({ ...batch(0, items), from, firstRound }, options())
      const sent = service.received.slice(before).map(({ headers }) => headers)
      expect(sent.map((headers) => headers['x-key'])).toEqual(sent.map((headers) => headers['idempotency-key']))
      return sent.map((headers) => String(headers['idempotency-key'])).toSorted((a, b) => (a < b ? -1 : 1))
    }
    const key = (index: number) => `run-1/default/simple/2/${index}-${index + 1}`
    expect(await keys(6, [6, 7, 8])).toEqual([key(6), key(7), key(8)])
    expect(await keys(7, [7, 8])).toEqual([key(7), key(8)])
    expect(await keys(7, [7], 2)).toEqual([`${key(7)}/2`])
    const ref = { run: 'run-1', variant: 'default', scenario: 'simple', repetition: 2 }
    expect(idempotencyKey(ref, { from: 7, to: 8, firstRound: 0 })).toBe(key(7))
  })

  test('items fail one by one, and none ends another (newcomer fault 5)', async () => {
    const service = await serve((response, { body }) => {
      if (body === '1') return json(response, 'no', 422)
      if (body === '3') return response.writeHead(429, { 'retry-after': '2' }).end('later')
      return json(response, `good ${body}`)
    })
    const skill = await openHttp({ url: service.address, mode: 'item', concurrency: 2 })
    const outcome = await skill.call(batch(0, [0, 1, 2, 3, 4]), options())
    expect(outcome).toMatchObject({ result: '["good 0",null,"good 2",null,"good 4"]', processed: 3, usage: { requests: 5 } })
    expect(outcome.itemFailures).toMatchObject([
      [1, { code: 'HTTP_STATUS', status: 422 }],
      [3, { code: 'HTTP_STATUS', status: 429 }],
    ])
    expect(service.received).toHaveLength(5)
  })

  test('when the breaker opens, items that have not begun are left for later', async () => {
    const service = await serve((response, { body }) => json(response, body, body === '1' ? 500 : 200))
    const skill = await openHttp({ url: service.address, mode: 'item', concurrency: 1 })
    let isOpen = false
    const each: CallOptions['each'] = async (work) => {
      if (isOpen) throw new BreakerOpenError('default', 30_000)
      return work().catch((error: unknown) => {
        isOpen = true
        throw error
      })
    }
    const outcome = await skill.call(batch(0, [0, 1, 2, 3]), { ...options(), each })
    expect(outcome.result).toBe('["0",null,null,null]')
    expect(outcome.itemFailures).toMatchObject([
      [1, { status: 500 }],
      [2, { code: 'BREAKER_OPEN' }],
      [3, { code: 'BREAKER_OPEN' }],
    ])
    expect(service.received).toHaveLength(2)
  })

  test('when the time is up, what was answered is kept, and the others have timed out', async () => {
    const clock = new SimulatedClock()
    const service = await serve((response, { body }) => {
      if (body === '0') return json(response, 'good')
      // Never answered: the second one is under way when the time is up, the third has not begun.
      return clock.increment(1_000)
    })
    const skill = await openHttp({ url: service.address, mode: 'item', concurrency: 1 }, { host: { clock } })
    const outcome = await skill.call(batch(0, [0, 1, 2]), { ...options(), timeoutMs: 1_000 })
    expect(outcome).toMatchObject({ result: '["good",null,null]', processed: 1 })
    expect(outcome.itemFailures).toMatchObject([
      [1, { code: 'BATCH_TIMEOUT' }],
      [2, { code: 'BATCH_TIMEOUT' }],
    ])
    expect(service.received).toHaveLength(2)
  })

  test('functions make and read one item', async () => {
    const service = await serve((response, { body }) => response.end(`${body}!`))
    const keys: string[] = []
    const skill = await openHttp(
      { url: service.address, mode: 'item', concurrency: 1 },
      {
        functions: {
          body: (item, context) => {
            keys.push((context as SkillContext).idempotencyKey)
            return `say ${String(item)}`
          },
          result: ({ body }, item) => ({ item, body }),
        },
      },
    )
    expect(await results(skill.call(batch(0, ['a', 'b']), options()))).toEqual([
      { item: 'a', body: 'say a!' },
      { item: 'b', body: 'say b!' },
    ])
    expect(keys).toEqual(['run-1/default/simple/2/0-1', 'run-1/default/simple/2/1-2'])
  })
})

describe('before anything is run', () => {
  test.for([
    [{ headers: { authorization: 'Bearer ${env:HTTP_TEST_UNSET}' } }, 'The environment variable HTTP_TEST_UNSET is not set'],
    [{ body: { deep: ['${env:HTTP_TEST_UNSET}'] } }, 'The environment variable HTTP_TEST_UNSET is not set'],
    [{ result: '${env:HTTP_TEST_TOKEN}' }, 'names the environment variable HTTP_TEST_TOKEN, and results are stored'],
    [{ url: 'http://' }, 'The url "http://" is no address'],
    [{ url: '${env:HTTP_TEST_TOKEN}/x' }, 'The url "***/x" is no address'],
    [{ url: 'http://me:pass@h/' }, 'The url "http://h/" holds credentials'],
  ] as const)('%j is refused', async ([changes, message]) => {
    vi.stubEnv('HTTP_TEST_TOKEN', 'ftp://sesame')
    vi.stubEnv('HTTP_TEST_UNSET', undefined)
    const error = await checkHttpSkill(httpSkill(changes as never)).catch((e) => e)
    expect(error).toMatchObject({ code: 'SKILL_LOAD', message: expect.stringContaining(message) })
    expect(error.hint).not.toContain('Let the module export')
    expect(`${error.message} ${error.hint}`).not.toContain('sesame')
    await expect(openHttp(changes as never)).rejects.toMatchObject({ code: 'SKILL_LOAD' })
  })

  test('what is known only with the items is left to them, and nothing is asked of the service', async () => {
    const service = await serve(echo)
    vi.stubEnv('HTTP_TEST_BASE', service.address)
    await expect(checkHttpSkill(httpSkill({ url: '${env:HTTP_TEST_BASE}/x' }))).resolves.toEqual([])
    await expect(checkHttpSkill(httpSkill({ url: '${params.base}' }))).resolves.toEqual([])
    await expect(checkHttpSkill(httpSkill({ result: '$${env:X}' }))).resolves.toEqual([])
    expect(service.accepted()).toBe(0)
    const skill = await openHttp({ url: '${env:HTTP_TEST_BASE}/x' })
    await skill.call(batch(0, [1]), options())
    expect(service.received[0]!.url).toBe('/x')
  })

  test('a function that makes a body for GET is refused', async () => {
    await expect(openHttp({ method: 'GET', body: null }, { functions: { body: () => 1 } })).rejects.toMatchObject({ code: 'SKILL_LOAD' })
  })
})
