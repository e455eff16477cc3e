import { expect, test } from 'vitest'
import { CriticalError, ItemError } from '../../src/skills/errorClass.ts'
import { checkReturned } from '../../src/skills/returned.ts'

const check = (returned: unknown, items = 3) => {
  const { itemFailures = [], ...rest } = checkReturned(returned, { items, maxBytes: 1_000 })
  return { ...rest, failures: itemFailures.map(([index, error]) => [index, (error as Error).message, (error as { class?: string }).class]) }
}

const good = { processed: 2, quality: null, usage: null }

test.each<[string, unknown]>([
  ['an ItemError in its place', ['a', new ItemError('no', { class: 'transient' }), 'c']],
  ['any other error in its place', ['a', Object.assign(new Error('no'), { class: 'transient' }), 'c']],
  ['what says so in plain JSON', ['a', { itemError: { message: 'no', class: 'transient' } }, 'c']],
  ['itemErrors with a hole', { results: ['a', 'ignored', 'c'], itemErrors: [null, { error: { message: 'no', class: 'transient' } }] }],
  ['itemErrors by place', { results: ['a', undefined, 'c'], itemErrors: { 1: { error: { message: 'no', class: 'transient' } } } }],
  ['itemErrors without "error"', { results: ['a', 1n, 'c'], itemErrors: { 1: { message: 'no', class: 'transient' } } }],
  ['itemErrors with an error', { results: ['a', null, 'c'], itemErrors: [undefined, new ItemError('no', { class: 'transient' })] }],
])('an item fails alone: %s (newcomer fault 5)', (_how, returned) => {
  expect(check(returned)).toEqual({ ...good, result: '["a",null,"c"]', failures: [[1, 'no', 'transient']] })
})

test('several fail, in order of their places; all of them', () => {
  const returned = { results: [new ItemError('first'), 'b', null], itemErrors: { 2: { error: 'third' } } }
  expect(check(returned)).toEqual({
    ...good,
    processed: 1,
    result: '[null,"b",null]',
    failures: [
      [0, 'first', undefined],
      [2, 'third', undefined],
    ],
  })
  expect(check([new CriticalError('x'), new ItemError('y')], 2)).toMatchObject({
    processed: 0,
    result: '[null,null]',
    failures: [
      [0, 'x', 'critical'],
      [1, 'y', undefined],
    ],
  })
})

test.each<[string, unknown]>([
  ['a key "error"', ['a', { error: { message: 'no', class: 'transient' } }, 'c']],
  ['a key "itemError" beside others', ['a', { itemError: { message: 'no' }, label: 'b' }, 'c']],
  ['an itemError without a message', ['a', { itemError: 'none' }, 'c']],
  ['a class and a message', ['a', { class: 'critical', message: 'no' }, 'c']],
])('a good result that only looks like one stays good: %s', (_how, returned) => {
  expect(check(returned)).toEqual({ ...good, processed: 3, result: JSON.stringify(returned), failures: [] })
})

test('empty itemErrors are none, and what else the answer says holds for the good items', () => {
  expect(check({ results: [1, 2, 3], itemErrors: [] })).toMatchObject({ processed: 3, failures: [] })
  expect(check({ results: [1, 2, 3], itemErrors: { 0: null } })).toMatchObject({ processed: 3, failures: [] })
  const partly = {
    results: [1, 2, null],
    itemErrors: { 2: { error: { message: 'no' } } },
    quality: 0.5,
    usage: { tokens: 7 },
    processed: 3,
  }
  expect(check(partly)).toMatchObject({ processed: 2, quality: { accuracy: 0.5 }, usage: { tokens: 7 } })
})

test.each<[string, unknown, RegExp]>([
  ['too few results', { results: [1], itemErrors: { 2: { error: 'no' } } }, /1 result for 3 items/],
  [
    'an item that is not there',
    { results: [1, 2, 3], itemErrors: { 3: { error: 'no' } } },
    /itemErrors for item "3", expected a place from 0 to 2/,
  ],
  ['no place', { results: [1, 2, 3], itemErrors: { first: { error: 'no' } } }, /itemErrors for item "first"/],
  ['no list', { results: [1, 2, 3], itemErrors: 'all' }, /itemErrors: string, expected/],
])('refuses %s', (_what, returned, message) => {
  expect(() => check(returned)).toThrow(message)
})
