import { expect, test } from 'vitest'
import { decimal, duration, percent, score } from '../../src/report/text/units.ts'

test.for([
  [null, '–'],
  [0, '0 s'],
  [0.00001, '<0.1 µs'],
  [0.0123, '12.3 µs'],
  [0.99949, '999 µs'],
  [0.9999, '1.0 ms'],
  [1.23, '1.2 ms'],
  [99.96, '100 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [3400, '3.4 s'],
  [59_400, '59.4 s'],
  [59_960, '1 min'],
  [125_000, '2 min 5 s'],
  [4_320_000, '1 h 12 min'],
  [90_000_000, '1 d 1 h'],
] as const)('%s ms is %s', ([ms, text]) => {
  expect(duration(ms)).toBe(text)
})

test('other figures', () => {
  expect([decimal(9.96), decimal(99.96), decimal(1234.5), decimal(null)]).toEqual(['10.0', '100', '1235', '–'])
  expect([score(0.87345), score(null)]).toEqual(['0.873', '–'])
  expect([percent(0.05), percent(0.12345), percent(0), percent(null)]).toEqual(['5 %', '12.3 %', '0 %', '–'])
})
