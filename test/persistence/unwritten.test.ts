import { expect, test } from 'vitest'
import { NotWrittenError } from '../../src/errors.ts'
import { UnwrittenItems } from '../../src/persistence/unwritten.ts'
import { batch, event, failedBatch } from './contract/facts.ts'

const kept = (number: number, results: object, errors: object) => ({
  kind: 'kept' as const,
  ...{ variant: 'default', scenario: 'small', repetition: 1, round: 1, batch: number },
  ...{ results: JSON.stringify(results), errors: JSON.stringify(errors), figures: '{}' },
})

test('(F1) items are counted once each, those of a batch under way included', () => {
  const unwritten = new UnwrittenItems()
  unwritten.note('a', [event(), batch({ batch: 0 }), failedBatch({ batch: 1, items: 4 })])
  unwritten.note('a', [kept(2, { 0: 'x', 3: 'y' }, { 1: {} }), kept(3, { 0: 'x' }, {})])
  unwritten.note('a', [batch({ batch: 3, items: 5 })])
  unwritten.note('b', [event()])
  expect(unwritten.all()).toEqual([
    { run: 'a', items: 10 + 4 + 3 + 5 },
    { run: 'b', items: 0 },
  ])
})

test('(F1) the error says what of which run, and what to do', () => {
  const { message, hint } = new NotWrittenError([
    { run: 'a b', items: 1 },
    { run: 'c', items: 0 },
  ])
  expect(message).toBe(
    'The database did not answer in time while Troupe was closing. Not known to be stored: outcomes of 1 item of run "a b", the last state of run "c"',
  )
  expect(hint).toBe(
    "Everything stored before is safe. When the database is back, go on with: troupe resume 'a b'; troupe resume c. Items whose outcomes were not stored are called again",
  )
})
