import { expect, test } from 'vitest'
import { classifyDatabaseError } from '../../src/persistence/connection.ts'

const kindOf = (code: string) => classifyDatabaseError(Object.assign(new Error('x'), { code }))

test('(F6) (case 27) what passes is waited for', () => {
  const codes = [
    '08006',
    '57P01',
    '57P02',
    '57P03',
    '57014',
    '53000',
    '53100',
    '53200',
    '53300',
    '55P03',
    '25006',
    '58030',
    'ECONNRESET',
    'CONNECTION_CLOSED',
  ]
  expect(codes.filter((code) => kindOf(code) !== 'connection')).toEqual([])
})

test('(F6) a quota that is used up is waited for, whatever the language of the server; other inner errors are not', () => {
  const kinds = (fields: object) =>
    classifyDatabaseError(Object.assign(new Error('konnte Datei nicht erweitern'), { code: 'XX000', ...fields }))
  expect(['mdextend', 'mdzeroextend'].map((routine) => kinds({ routine }))).toEqual(['connection', 'connection'])
  expect([kinds({ routine: 'heap_update' }), kinds({})]).toEqual(['other', 'other'])
})

test('what does not pass is not', () => {
  expect(['40001', '40P01'].map(kindOf)).toEqual(['contention', 'contention'])
  expect(['22P05', '23514', '54001'].map(kindOf)).toEqual(['data', 'data', 'data'])
  expect(['42501', '42P01', '3D000', '28P01'].map(kindOf)).toEqual(['other', 'other', 'other', 'other'])
  expect(classifyDatabaseError(undefined)).toBe('other')
})
