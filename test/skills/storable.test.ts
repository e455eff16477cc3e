import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { storable } from '../../src/skills/storable.ts'

const text = (results: unknown[], maxBytes = 1e6) => storable(results, { items: results.length, maxBytes }).text

test.for([
  ['a control character that jsonb holds', ['\u0001\u001f']],
  ['an escaped backslash before u0000', ['\\u0000']],
  ['two of them before ud800', ['\\\\ud800']],
  ['a pair of surrogates', ['\u{1f600}']],
  ['a text that is full of backslashes', ['\\'.repeat(1001)]],
] as const)('holds %s', ([, results]) => {
  expect(text([...results])).toBe(JSON.stringify(results))
})

test.for([
  ['U+0000 after an escaped backslash', ['\\\u0000']],
  ['U+0000 in a key', [{ 'a\u0000': 1 }]],
  ['a lone high surrogate', ['x\ud83d']],
  ['a lone low surrogate after a backslash', ['\\\udc00']],
  ['one deep inside, after others that are fine', ['\\u0000', { a: [{ b: '\udfff' }] }]],
] as const)('refuses %s', ([, results]) => {
  expect(() => text([...results])).toThrow(expect.objectContaining({ code: 'UNSTORABLE_RESULT' }))
})

class Score {
  value = 1
}

test.for<[string, unknown, string]>([
  ['a Map', new Map([['a', 1]]), 'Result 1 is a Map, which is no JSON'],
  ['a Set within', { tags: [1, new Set()] }, 'Result 1.tags[1] is a Set'],
  ['an instance of a class', { score: new Score() }, 'Result 1.score is a Score'],
  ['a promise that nobody waited for', { answer: Promise.resolve(1) }, 'Result 1.answer is a Promise'],
  ['a function', { call: [() => 1] }, 'Result 1.call[0] is a function'],
  ['a symbol', { kind: Symbol('x') }, 'Result 1.kind is a symbol'],
  ['bytes', { image: Buffer.from('x') }, 'Result 1.image is a Buffer'],
  ['numbers of an array buffer', new Float64Array(2), 'Result 1 is a Float64Array'],
])('a result that holds %s is refused with its place (case 32)', ([, result, message]) => {
  expect(() => text([0, result])).toThrow(expect.objectContaining({ code: 'UNSTORABLE_RESULT', message: expect.stringContaining(message) }))
})

const speaking = (written: unknown) =>
  new (class Speaker {
    toJSON() {
      return written
    }
  })()

test.for<[string, unknown, string]>([
  ['NaN', NaN, 'Result 1 is NaN'],
  ['Infinity in an object', { a: 1, score: Infinity }, 'Result 1.score is Infinity'],
  ['-Infinity in a list', { scores: [0, -Infinity] }, 'Result 1.scores[1] is -Infinity'],
  ['a boxed NaN', { a: Object(NaN) }, 'Result 1.a is NaN'],
  ['undefined in a list', [1, undefined], 'Result 1[1] is undefined'],
  ['a hole in a list', { list: Array(1) }, 'Result 1.list[0] is undefined'],
  ['a date that is none', { at: new Date('soon') }, 'Result 1.at is an invalid Date'],
  ['a class that writes itself as NaN', [speaking(NaN)], 'Result 1[0] is a Speaker whose toJSON gives NaN'],
  ['a class that writes itself with NaN in it', speaking({ x: [NaN] }), 'Result 1.x[0] is NaN'],
  ['a class that writes itself as nothing', [speaking(undefined)], 'Result 1[0] is a Speaker whose toJSON gives undefined'],
])('a result with %s, which JSON would make null, is refused with its place', ([, result, message]) => {
  expect(() => text([0, result])).toThrow(expect.objectContaining({ code: 'UNSTORABLE_RESULT', message: `${message}, which is no JSON` }))
})

test('what JSON has a way for is written: dates, missing properties, objects without a prototype, -0 as 0 (case 32)', () => {
  const bare = Object.assign(Object.create(null), { a: 1 })
  expect(text([{ at: new Date(0), gone: undefined, bare, none: null, boxed: Object(2), spoken: speaking([1]) }, -0, 1e308])).toBe(
    '[{"at":"1970-01-01T00:00:00.000Z","bare":{"a":1},"none":null,"boxed":2,"spoken":[1]},0,1e+308]',
  )
})

test('names the result that is to blame', () => {
  expect(() => text([1, 2, 'a\u0000'])).toThrow('Result 2 holds the character U+0000')
  expect(() => text([1, { deep: 5n }])).toThrow('Result 1 cannot be written as JSON: it holds a BigInt')
  expect(() => text(Array.of(1).concat(Array(2)))).toThrow('Result 1 is undefined')
})

test('refuses exactly what is not well-formed, or has a U+0000', () => {
  // Another implementation of the rule: look at the strings themselves.
  const ok = (value: unknown): boolean =>
    typeof value === 'string'
      ? value.isWellFormed() && !value.includes('\u0000')
      : value === null || typeof value !== 'object' || Object.entries(value).flat().every(ok)
  const unit = fc.constantFrom('\\', 'u', '0000', 'd800', '\u0000', '\ud800', '\udc00', '"', '\n', 'é', '\u{1f600}')
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ stringUnit: unit })), (results) => {
      let stored = true
      try {
        expect(JSON.parse(text(results))).toEqual(JSON.parse(JSON.stringify(results)))
      } catch (error) {
        if ((error as { code?: string }).code !== 'UNSTORABLE_RESULT') throw error
        stored = false
      }
      expect(stored).toBe(ok(results))
    }),
    { numRuns: 1_000 },
  )
})

test('counts bytes, not characters', () => {
  // ["é"] is 5 characters and 6 bytes.
  expect(text(['é'], 6)).toBe('["é"]')
  expect(() => text(['é'], 5)).toThrow('The results take 6 bytes, more than maxResultBytes, 5 bytes')
})

test('what is nested too deeply, or throws when it is written, is refused', () => {
  let deep: unknown[] = []
  for (let i = 0; i < 100_000; i++) deep = [deep]
  expect(() => text([deep])).toThrow('Result 0 cannot be written as JSON: it is nested too deeply')
  const hostile = {
    toJSON() {
      throw new Error('not me')
    },
  }
  expect(() => text([hostile])).toThrow('Result 0 cannot be written as JSON: not me')
})
