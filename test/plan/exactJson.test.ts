import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InexactNumberError, parseExact } from '../../src/plan/exactJson.ts'

test.for([
  '2512292042121000001',
  '9007199254740993',
  '-9007199254740993',
  '1e400',
  '1e-400',
  '12345678901234567.89',
  '0.1234567890123456789',
])('%s would become another number (case 4)', (digits) => {
  for (const text of [digits, `{"id":${digits}}`, `[1, {"a": [${digits}]}]`]) expect(() => parseExact(text)).toThrow(InexactNumberError)
})

test.for([
  ['9007199254740991', 9007199254740991],
  ['100000000000000000000', 1e20],
  ['1.50e2', 150],
  ['0.30000000000000004', 0.30000000000000004],
  ['0.10000000000000001', 0.1],
  ['2.7182818284590451', Math.E],
  ['0.0', 0],
  ['12.5000000000000000000000', 12.5],
] as const)('%s is a number as it is written, or as a program prints the double', ([text, value]) => {
  expect(parseExact(text)).toBe(value)
})

test('every double is read in the digits of every usual printer', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      for (const text of [JSON.stringify(value), value.toPrecision(17), value.toExponential(16)]) {
        if (Number.isInteger(value) && text !== JSON.stringify(value)) continue
        expect(parseExact(text)).toBe(text.startsWith('-0') && value === 0 ? -0 : Number(text))
      }
    }),
  )
})
