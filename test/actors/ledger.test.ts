import { describe, expect, test } from 'vitest'
import { Ledger, type Durability } from '../../src/actors/ledger.ts'
import type { BatchFact, EventFact } from '../../src/persistence/facts.ts'
import { FakeJournal, turn } from './stageHarness.ts'

const event = (type: string): EventFact => ({ kind: 'event', at: 0, actor: 'default/simple', type, data: {} })

const batch = (number: number, result = '[]') =>
  ({
    kind: 'batch',
    variant: 'default',
    scenario: 'simple',
    batch: number,
    from: 10 * number,
    items: 10,
    outcome: 'ok',
    result,
  }) as BatchFact

function openLedger(durability: Durability, journal = new FakeJournal({ atOnce: false })) {
  const fatal: unknown[] = []
  const ledger = new Ledger(journal, { id: 'run-1', epoch: 1 }, durability, (error) => void fatal.push(error))
  /** What was written, write by write, by a word for each fact. */
  const written = () =>
    journal.writes.map(({ facts }) =>
      facts.map((fact) => (fact.kind === 'batch' ? fact.batch : fact.kind === 'event' ? fact.type : fact.kind)),
    )
  return { ledger, journal, fatal, written }
}

/** Whether it has come to its end by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  await turn()
  return settled
}

describe.each(['batch', 'pipelined'] as const)('with durability %s', (durability) => {
  test('an outcome is written at once, and settled when it is durable', async () => {
    const { ledger, journal, written } = openLedger(durability)
    const settled = ledger.settle([batch(0)])
    expect(written()).toEqual([[0]])
    expect(await isSettled(settled)).toBe(false)
    journal.writes[0]!.resolve()
    await settled
  })

  test('what nobody waits for is written at once too', () => {
    const { ledger, written } = openLedger(durability)
    ledger.record([event('batch.retried')])
    ledger.record([event('milestone.reached')], 'milestone')
    expect(written()).toEqual([['batch.retried'], ['milestone.reached']])
  })

  test('an outcome that cannot be stored is said to its lane, and to nobody else', async () => {
    const { ledger, journal, fatal } = openLedger(durability)
    const settled = ledger.settle([batch(0)])
    journal.writes[0]!.reject(new Error('no'))
    await expect(settled).rejects.toThrow('no')
    expect(fatal).toEqual([])
  })

  test('what nobody waits for and cannot be stored ends the run', async () => {
    const { ledger, journal, fatal } = openLedger(durability)
    ledger.record([event('batch.retried')])
    journal.writes[0]!.reject(new Error('no'))
    await turn()
    expect(fatal).toHaveLength(1)
  })
})

describe('with durability milestone', () => {
  test('outcomes are held back, and written in order with the next milestone', async () => {
    const { ledger, written } = openLedger('milestone')
    await ledger.settle([batch(0)])
    ledger.record([event('batch.retried')])
    await ledger.settle([batch(1)])
    expect(written()).toEqual([])
    ledger.record([event('milestone.reached')], 'milestone')
    expect(written()).toEqual([[0, 'batch.retried', 1, 'milestone.reached']])
    await ledger.settle([batch(2)])
    expect(written()).toHaveLength(1)
  })

  test('a change of status takes them along', () => {
    const { ledger, written } = openLedger('milestone')
    void ledger.settle([batch(0)])
    void ledger.commit([event('scenario.paused')])
    expect(written()).toEqual([[0, 'scenario.paused']])
  })
})

describe('with durability exit', () => {
  test('everything is held back until a status changes', async () => {
    const { ledger, written } = openLedger('exit')
    await ledger.settle([batch(0)])
    ledger.record([event('milestone.reached')], 'milestone')
    await ledger.settle([batch(1)])
    expect(written()).toEqual([])
    void ledger.commit([event('scenario.completed')])
    expect(written()).toEqual([[0, 'milestone.reached', 1, 'scenario.completed']])
  })

  test('no more is held back than 16 MiB of results', async () => {
    const { ledger, journal, written } = openLedger('exit')
    const half = 'x'.repeat(8 * 1024 * 1024)
    await ledger.settle([batch(0, half)])
    await ledger.settle([batch(1, half)])
    expect(written()).toEqual([])
    const third = ledger.settle([batch(2, 'x')])
    expect(written()).toEqual([[0, 1, 2]])
    expect(await isSettled(third)).toBe(false)
    journal.writes[0]!.resolve()
    await third
    await ledger.settle([batch(3, half)])
    expect(written()).toHaveLength(1)
  })
})

describe('drain', () => {
  test.each<Durability>(['milestone', 'exit'])('writes what durability %s held back', async (durability) => {
    const { ledger, journal, written } = openLedger(durability)
    await ledger.settle([batch(0)])
    const drained = ledger.drain()
    expect(written()).toEqual([[0]])
    expect(await isSettled(drained)).toBe(false)
    journal.writes[0]!.resolve()
    await drained
  })

  test('waits for what is being written, and for nothing where nothing is', async () => {
    const { ledger, journal } = openLedger('batch')
    await ledger.drain()
    void ledger.settle([batch(0)])
    const drained = ledger.drain()
    expect(await isSettled(drained)).toBe(false)
    journal.writes[0]!.resolve()
    await drained
  })
})

describe('the gate', () => {
  test('is shut from a change of status until that is durable', async () => {
    const { ledger, journal } = openLedger('batch')
    expect(ledger.ready()).toBeUndefined()
    void ledger.commit([event('scenario.started')])
    const ready = ledger.ready()!
    expect(await isSettled(ready)).toBe(false)
    journal.writes[0]!.resolve()
    await ready
    expect(ledger.ready()).toBeUndefined()
  })

  test('with two changes it opens with the later', async () => {
    const { ledger, journal } = openLedger('batch')
    void ledger.commit([event('scenario.started')])
    void ledger.commit([event('run.started')])
    journal.writes[0]!.resolve()
    await turn()
    const ready = ledger.ready()!
    expect(await isSettled(ready)).toBe(false)
    journal.writes[1]!.resolve()
    await ready
    expect(ledger.ready()).toBeUndefined()
  })

  test('a change that cannot be stored ends the run, and the gate never opens', async () => {
    const { ledger, journal, fatal } = openLedger('batch')
    const written = ledger.commit([event('scenario.started')])
    const early = ledger.ready()!
    journal.writes[0]!.reject(new Error('no'))
    await expect(written).rejects.toThrow('no')
    await expect(early).rejects.toThrow('no')
    await expect(ledger.ready()).rejects.toThrow('no')
    expect(fatal).toHaveLength(1)
  })

  test.each<Durability>(['batch', 'pipelined', 'milestone', 'exit'])('outcomes and events do not shut it: %s', (durability) => {
    const { ledger } = openLedger(durability)
    void ledger.settle([batch(0)])
    ledger.record([event('milestone.reached')], 'milestone')
    expect(ledger.ready()).toBeUndefined()
  })
})
