import { expect, test } from 'vitest'
import { BatchTimeoutError } from '../../src/errors.ts'
import { classify, CriticalError, describeError, RecoverableError, TransientError } from '../../src/skills/errorClass.ts'
import { packError, unpackError } from '../../src/skills/errorWire.ts'

const withFields = (fields: object, message = 'it failed') => Object.assign(new Error(message), fields)
const named = (name: string) => Object.assign(new Error('it failed'), { name })

const cases: [string, unknown, string][] = [
  ['ours', new CriticalError('x'), 'critical'],
  ['ours', new RecoverableError('x'), 'recoverable'],
  ['ours', new TransientError('x'), 'transient'],
  ['any with a class', withFields({ class: 'ignored' }), 'ignored'],
  ['a plain object with a class', { class: 'critical' }, 'critical'],
  ['a class over a status', withFields({ class: 'recoverable', status: 503 }), 'recoverable'],
  ['a time-out of a batch', new BatchTimeoutError(1, 5), 'transient'],
  ['AbortSignal.timeout', new DOMException('late', 'TimeoutError'), 'transient'],
  ['an abort', new DOMException('stop', 'AbortError'), 'ignored'],
  ['a connection refused', withFields({ code: 'ECONNREFUSED' }), 'transient'],
  ['a connection lost, below', new Error('fetch failed', { cause: withFields({ code: 'UND_ERR_SOCKET' }) }), 'transient'],
  ['both addresses refused', new AggregateError([withFields({ code: 'ECONNREFUSED' })]), 'transient'],
  ['undici', withFields({ code: 'UND_ERR_HEADERS_TIMEOUT' }), 'transient'],
  ['HTTP 408', withFields({ status: 408 }), 'transient'],
  ['HTTP 425', withFields({ status: 425 }), 'transient'],
  ['HTTP 429', withFields({ statusCode: 429 }), 'transient'],
  ['HTTP 500', withFields({ status: 500 }), 'transient'],
  ['HTTP 404', withFields({ response: { status: 404 } }), 'critical'],
  ['HTTP 302', withFields({ status: 302 }), 'critical'],
  ['zod', named('ZodError'), 'critical'],
  ['validation', named('ValidationError'), 'critical'],
  ['status that is none', withFields({ status: 'open' }), 'recoverable'],
  ['anything', new TypeError('x is undefined'), 'recoverable'],
  ['text', 'no', 'recoverable'],
  ['nothing', undefined, 'recoverable'],
  ['a missing file', withFields({ code: 'ENOENT' }), 'recoverable'],
]

test.for(cases)('%s, %s: %s', ([, error, expected]) => {
  expect(classify(error)).toBe(expected)
})

test.for(cases)('the class is the same after the way from a process: %s, %s', ([, error, expected]) => {
  expect(classify(unpackError(structuredClone(packError(error))))).toBe(expected)
})

test('an error is stored flat, with its chain and when to try again', () => {
  const cause = withFields({ code: 'ECONNRESET' }, 'socket hang up')
  const error = withFields({ status: 429, headers: new Headers({ 'Retry-After': '2' }), cause }, 'Too many')
  expect(describeError(error, { at: 1_000, attempt: 2 })).toEqual({
    at: 1_000,
    attempt: 2,
    name: 'Error',
    message: 'Too many',
    class: 'transient',
    status: 429,
    causes: [{ name: 'Error', message: 'socket hang up' }],
    retryAfterMs: 2_000,
  })
  expect(describeError('no', { at: 1, attempt: 1, class: 'critical' })).toEqual({
    at: 1,
    attempt: 1,
    name: 'a thrown string',
    message: 'no',
    class: 'critical',
  })
})

test('a class that was given goes before the one that the error has itself', () => {
  const error = new TransientError('x')
  expect(describeError(error, { at: 1, attempt: 1, class: 'ignored' }).class).toBe('ignored')
  expect(describeError(error, { at: 1, attempt: 1, class: undefined }).class).toBe('transient')
})

test('a date says how long to wait too', () => {
  const at = Date.parse('2026-01-01T00:00:00Z')
  const error = withFields({ response: { headers: { 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' } } })
  expect(describeError(error, { at, attempt: 1 }).retryAfterMs).toBe(5_000)
})

test('whatever was thrown, what is stored is short and PostgreSQL can hold it', () => {
  const circle = new Error(`${'x'.repeat(1_999)}\u{1f600}`)
  circle.cause = circle
  const { message, causes } = describeError(circle, { at: 1, attempt: 1 })
  expect(message).toBe(`${'x'.repeat(1_999)}\ufffd`)
  expect(causes).toBeUndefined()
  expect(describeError(new Error('a\u0000b'), { at: 1, attempt: 1 }).message).toBe('a\ufffdb')
  let deep = new Error('0')
  for (let i = 1; i <= 9; i++) deep = new Error(String(i), { cause: deep })
  expect(describeError(deep, { at: 1, attempt: 1 }).causes?.map((each) => each.message)).toEqual(['8', '7', '6', '5'])
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error('no')
      },
    },
  )
  expect(describeError(hostile, { at: 1, attempt: 1 })).toMatchObject({ name: 'Error', class: 'recoverable' })
  expect(describeError(Object.create(null), { at: 1, attempt: 1 }).message).toBe('no message')
})

test.for<[string, unknown, string, string]>([
  ['undefined', undefined, 'a thrown value', 'undefined'],
  ['null', null, 'a thrown value', 'null'],
  ['a number', 404, 'a thrown number', '404'],
  ['false', false, 'a thrown boolean', 'false'],
  ['a BigInt', 5n, 'a thrown bigint', '5'],
  ['a symbol', Symbol('late'), 'a thrown symbol', 'Symbol(late)'],
  ['an object without a message', { a: 1, status: 429 }, 'Error', '{"a":1,"status":429}'],
  ['an error without one, with fields', Object.assign(new RangeError(), { limit: 3 }), 'RangeError', '{"limit":3}'],
  ['an object that is no JSON', { left: 5n }, 'Error', '{ left: 5n }'],
  ['a list', ['a', 1], 'Error', '["a",1]'],
  ['a function', () => 1, 'Error', '[Function (anonymous)]'],
])('what was thrown is told the same from here and from a process: %s', ([, error, name, message]) => {
  for (const thrown of [error, unpackError(structuredClone(packError(error)))])
    expect(describeError(thrown, { at: 1, attempt: 1 })).toMatchObject({ name, message })
})
