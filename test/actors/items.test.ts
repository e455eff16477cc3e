import { expect, test } from 'vitest'
import { KeptItems } from '../../src/actors/itemProgress.ts'
import type { Fact } from '../../src/persistence/facts.ts'
import { ItemError } from '../../src/skills/errorClass.ts'
import type { ItemFailure } from '../../src/skills/itemFailures.ts'
import { batchCall, FakeJournal, startAttempt, turn } from './stageHarness.ts'

const call = batchCall({ batch: 1, from: 4, items: 4 })
const start = (changes: Parameters<typeof startAttempt>[0] = {}) => startAttempt(changes, call)
const failed = (index: number, errorClass: 'transient' | 'critical', retryAfterMs?: number): ItemFailure => [
  index,
  new ItemError(`${errorClass} ${index}`, { class: errorClass, ...(retryAfterMs !== undefined && { retryAfterMs }) }),
]
const good = { quality: null, usage: null }
const kinds = (journal: FakeJournal) =>
  journal.writes.map(({ facts }) => facts.map((fact: Fact) => (fact.kind === 'event' ? fact.type : fact.kind)))

test('only items of a class that is tried again are called again, and the batch is stored once (newcomer fault 5)', async () => {
  const { calls, clock, journal, outcome, done } = start()
  await turn()
  calls[0]!.answer({ ...good, result: '["a",null,"c",null]', processed: 2, itemFailures: [failed(1, 'critical'), failed(3, 'transient')] })
  await turn()
  expect(calls).toHaveLength(1)
  clock.increment(200)
  await turn()
  expect(calls[1]!.call).toMatchObject({ from: 7, items: ['item 7'], attempt: 2, idempotencyKey: 'run-1/default/simple/1/7-8' })
  expect(calls[1]!.call.numbers).toBeUndefined()
  calls[1]!.answer({ ...good, result: '["d"]', processed: 1 })
  await done
  expect(outcome.settled).toMatchObject({
    ...{ from: 4, items: 4, failed: false, failedAlone: 1, processed: 3, retries: 1 },
    errors: { critical: 1, transient: 1 },
  })
  const [stored] = journal.batches
  expect(journal.batches).toHaveLength(1)
  expect(stored).toMatchObject({ outcome: 'ok', result: '["a",null,"c","d"]', processed: 3, attempt: 2, error: null })
  expect(JSON.parse(stored!.itemErrors!)).toMatchObject({ 1: { message: 'critical 1', class: 'critical', attempt: 1 } })
  expect(Object.keys(JSON.parse(stored!.itemErrors!))).toEqual(['1'])
  expect(journal.events.map(({ type, data }) => [type, data.numbers, data.failed])).toEqual([
    ['items.retried', [7], 1],
    ['items.failed', [5], 1],
  ])
  expect(kinds(journal)).toEqual([
    ['items.retried', 'kept'],
    ['batch', 'items.failed', 'dropped'],
  ])
})

test('items that do not follow each other have a key of their own, the same whenever they are called', async () => {
  const key = async () => {
    const { calls, clock, abort } = start()
    await turn()
    calls[0]!.answer({ ...good, result: '[null,"b",null,"d"]', itemFailures: [failed(0, 'transient'), failed(2, 'transient')] })
    await turn()
    clock.increment(200)
    await turn()
    abort()
    return calls[1]!.call
  }
  const [first, second] = [await key(), await key()]
  expect(first).toMatchObject({ from: 4, numbers: [4, 6], items: ['item 4', 'item 6'] })
  expect(first.idempotencyKey).toMatch(/^run-1\/default\/simple\/1\/4-7\/items-[0-9a-f]{16}$/)
  expect(second.idempotencyKey).toBe(first.idempotencyKey)
})

test('before a wait of more than a second what is good is durable, and after a kill it is not called again', async () => {
  const journal = new FakeJournal({ atOnce: false })
  const first = start({ journal })
  await turn()
  first.calls[0]!.answer({
    ...{ result: '["a",null,"c",null]', quality: { accuracy: 0.5 }, usage: { tokens: 10, itemMsMax: 4 }, processed: 2 },
    itemFailures: [failed(1, 'critical'), failed(3, 'transient', 3_000)],
  })
  await turn()
  first.clock.increment(3_000)
  await turn()
  expect(first.calls, 'the wait begins when it is stored').toHaveLength(1)
  const kept = journal.facts.find((fact) => fact.kind === 'kept')!
  expect(JSON.parse(kept.results)).toEqual({ 4: 'a', 6: 'c' })
  expect(JSON.parse(kept.errors)).toMatchObject({ 5: { class: 'critical' } })
  journal.writes[0]!.resolve()
  await turn()
  first.clock.increment(3_000)
  await turn()
  expect(first.calls).toHaveLength(2)

  // The process dies; another one reads what was kept.
  const stored = {
    ...{ variant: 'default', scenario: 'simple', repetition: 1, round: 0, batch: 1 },
    ...{ results: JSON.parse(kept.results), errors: JSON.parse(kept.errors), figures: JSON.parse(kept.figures) },
  }
  const second = start({ kept: new KeptItems([stored]) })
  await turn()
  expect(second.calls[0]!.call).toMatchObject({ from: 7, items: ['item 7'], idempotencyKey: 'run-1/default/simple/1/7-8' })
  second.calls[0]!.answer({ result: '["d"]', processed: 1, quality: { accuracy: 1 }, usage: { tokens: 1, itemMsMax: 2 } })
  await second.done
  expect(second.journal.batches).toMatchObject([
    {
      outcome: 'ok',
      result: '["a",null,"c","d"]',
      processed: 3,
      quality: JSON.stringify({ accuracy: 2 / 3 }),
      usage: '{"tokens":11,"itemMsMax":4}',
    },
  ])
  expect(Object.keys(JSON.parse(second.journal.batches[0]!.itemErrors!))).toEqual(['1'])
})

test('a batch of which all was kept is stored without a call', async () => {
  const stored = {
    ...{ variant: 'default', scenario: 'simple', repetition: 1, round: 0, batch: 1 },
    ...{ results: { 4: 1, 5: 2, 6: 3, 7: 4 }, errors: {}, figures: {} },
  }
  const { calls, journal, done } = start({ kept: new KeptItems([stored]) })
  await done
  expect(calls).toEqual([])
  expect(journal.batches).toMatchObject([{ outcome: 'ok', result: '[1,2,3,4]', itemErrors: null, processed: 4 }])
})

test.each([
  [{ round: 1, firstRound: 0 }, ['item 5', 'item 7']],
  [{ round: 1, firstRound: 1 }, ['item 4', 'item 5', 'item 6', 'item 7']],
  [{ repetition: 2 }, ['item 4', 'item 5', 'item 6', 'item 7']],
])('what was kept in round 0 of repetition 1 holds for %o', async (place, called) => {
  const stored = {
    ...{ variant: 'default', scenario: 'simple', repetition: 1, round: 0, batch: 1 },
    ...{ results: { 4: 'a', 6: 'c' }, errors: { 5: { message: 'no', name: 'Error', class: 'critical', attempt: 1 } }, figures: {} },
  }
  const { calls, abort } = startAttempt({ kept: new KeptItems([stored]) }, { ...call, ...place })
  await turn()
  expect(calls[0]!.call.items).toEqual(called)
  abort()
})

test('items fail one by one until attempts are over; all failed: the batch has, with the gravest error', async () => {
  const { calls, clock, journal, outcome, done } = start({
    retry: { attempts: 2, backoffMs: 200, factor: 2, maxMs: 1_000, jitter: 0, on: ['transient'] },
  })
  const all = (n: number) => Array.from({ length: n }, (_, i) => failed(i, i === 1 && n === 4 ? 'critical' : 'transient'))
  await turn()
  calls[0]!.answer({ ...good, result: '[null,null,null,null]', processed: 0, itemFailures: all(4) })
  await turn()
  clock.increment(200)
  await turn()
  expect(calls[1]!.call.items).toEqual(['item 4', 'item 6', 'item 7'])
  calls[1]!.answer({ ...good, result: '[null,null,null]', processed: 0, itemFailures: all(3) })
  await done
  expect(outcome.settled).toMatchObject({ failed: true, processed: 0, retries: 1, errors: { critical: 1, transient: 6 } })
  expect(outcome.settled).not.toHaveProperty('failedAlone')
  expect(journal.batches).toMatchObject([{ outcome: 'failed', errorClass: 'critical', result: null, processed: 0 }])
  expect(Object.keys(JSON.parse(journal.batches[0]!.itemErrors!))).toEqual(['0', '1', '2', '3'])
})

test('a call for the rest that fails as a whole fails the rest, and what was good stays', async () => {
  const { calls, clock, journal, outcome, done } = start()
  await turn()
  calls[0]!.answer({ ...good, result: '["a","b",null,null]', processed: 2, itemFailures: [failed(2, 'transient'), failed(3, 'transient')] })
  await turn()
  clock.increment(200)
  await turn()
  calls[1]!.refuse(new Error('the skill has a bug'))
  await done
  expect(outcome.settled).toMatchObject({ failed: false, failedAlone: 2, processed: 2 })
  expect(journal.batches).toMatchObject([{ outcome: 'ok', result: '["a","b",null,null]' }])
  expect(JSON.parse(journal.batches[0]!.itemErrors!)).toMatchObject({ 2: { message: 'the skill has a bug' }, 3: { class: 'recoverable' } })
})

test('what is good when the batch is told to stop is kept', async () => {
  const { calls, journal, outcome, abort, done, stage } = start()
  await turn()
  const aborted = [1, 2, 3].map((i) => [i, new DOMException('Stop', 'AbortError')] as const)
  calls[0]!.answer({ ...good, result: '["a",null,null,null]', itemFailures: aborted })
  abort()
  await done
  expect(outcome.error).toMatchObject({ name: 'AbortError' })
  expect(kinds(journal)).toEqual([['kept']])
  expect(journal.facts).toMatchObject([{ results: '{"4":"a"}', errors: '{}' }])
  expect(stage.kept.isEmpty).toBe(false)
})

test('an item that asks for more than a day has failed, the others are called again (case 7)', async () => {
  const { calls, clock, journal, done } = start()
  await turn()
  const far = failed(1, 'transient', 26 * 3_600_000)
  calls[0]!.answer({ ...good, result: '["a",null,"c",null]', itemFailures: [far, failed(3, 'transient')] })
  await turn()
  clock.increment(200)
  await turn()
  expect(calls[1]!.call).toMatchObject({ from: 7, items: ['item 7'] })
  calls[1]!.answer({ ...good, result: '["d"]' })
  await done
  expect(JSON.parse(journal.batches[0]!.itemErrors!)).toMatchObject({ 1: { message: 'asks to wait 26 hours: transient 1' } })
})
