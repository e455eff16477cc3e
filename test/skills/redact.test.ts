import { expect, test } from 'vitest'
import { redactor } from '../../src/skills/redact.ts'

test('the values of the named variables are hidden wherever they stand, in JSON and URLs too', () => {
  const redact = redactor(['API_KEY', 'QUOTED'], { API_KEY: 'sk-12345', QUOTED: 'a"b\\c', OTHER: 'stays' })
  expect(redact('GET /?key=sk-12345 stays')).toBe('GET /?key=*** stays')
  expect(redact(JSON.stringify({ message: 'a"b\\c' }))).toBe('{"message":"***"}')
  expect(redact(`GET /?q=${encodeURIComponent('a"b\\c')}`)).toBe('GET /?q=***')
})

test('a value that holds another is hidden as a whole', () => {
  expect(redactor(['A', 'B'], { A: 'secret', B: 'secret-and-more' })('secret-and-more')).toBe('***')
})

test('unset variables and very short values hide nothing', () => {
  expect(redactor(['UNSET', 'SHORT'], { SHORT: 'abc' })('abc undefined')).toBe('abc undefined')
})
