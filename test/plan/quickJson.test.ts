import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quickJson } from '../../src/plan/quickJson.ts'

test('any JSON is read as the language reads it, however it is spaced', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, space) => {
      const text = JSON.stringify(value, null, space)
      expect(quickJson(text)).toEqual(JSON.parse(text))
    }),
  )
})

test.each(['{"a":1,"a":2}', '{"a":{"b":1, "b" : 2}}', '[{"a\\"":1,"a\\"":1}]', '{"a":1,"\\u0061":2}', '{"a":1,}', '{a:1}', ''])(
  '%s is left to whoever can say what is wrong',
  (text) => {
    expect(quickJson(text)).toBeUndefined()
  },
)

test('colons and quotes within texts are no keys', () => {
  const value = { 'a": ': 'b": "c": ', d: ['"e": 1', '\\'] }
  expect(quickJson(JSON.stringify(value))).toEqual(value)
})
