import { expect, test } from 'vitest'
import type { BatchFact } from '../../../src/persistence/facts.ts'
import type { StoredEvent } from '../../../src/persistence/store.ts'
import { AT, batch, checkpoint, event, failedBatch, milestone, runFact } from './facts.ts'
import { runWith, type Contract } from './subject.ts'

/** What there is to tell of a run: results, events, checkpoints, milestones, sums. */
export function historyContract(contract: Contract) {
  /** Variant, scenario, repetition, round, item range. */
  const places = async (run: string, filter: { variant?: string; scenario?: string } = {}) =>
    (await Array.fromAsync(contract.store.results(run, filter))).map(
      (r) => `${r.variant}/${r.scenario} ${r.repetition} #${r.round} ${r.from}-${r.from + r.items}`,
    )

  test('results come in the order of variants, scenarios, repetitions and items', async () => {
    const run = await runWith(contract, [
      batch({ variant: 'b', scenario: 'small', batch: 0 }),
      batch({ variant: 'a', scenario: 'small', batch: 10, from: 100 }),
      batch({ variant: 'a', scenario: 'small', batch: 9, from: 90 }),
      batch({ variant: 'a', scenario: 'small', batch: 0, repetition: 2 }),
      batch({ variant: 'a', scenario: 'medium', batch: 0 }),
      batch({ variant: 'Z', scenario: 'small', batch: 0 }),
      failedBatch({ variant: 'a', scenario: 'small', batch: 11, from: 110 }),
    ])
    expect(await places(run.id)).toEqual([
      'Z/small 1 #1 0-10',
      'a/medium 1 #1 0-10',
      'a/small 1 #1 90-100',
      'a/small 1 #1 100-110',
      'a/small 2 #1 0-10',
      'b/small 1 #1 0-10',
    ])
    expect(await places(run.id, { variant: 'a' })).toHaveLength(4)
    expect(await places(run.id, { scenario: 'medium' })).toEqual(['a/medium 1 #1 0-10'])
    expect(await places(run.id, { variant: 'b', scenario: 'small' })).toEqual(['b/small 1 #1 0-10'])
    expect(await places(run.id, { variant: 'b', scenario: 'medium' })).toEqual([])
  })

  test('backoff is the time in which at least one batch of a scenario waits (first hour 3)', async () => {
    const waiting = (actor: string, at: number, waitMs?: number) =>
      event({ actor, at: AT + at, type: 'batch.retried', data: waitMs === undefined ? {} : { waitMs } })
    const run = await runWith(contract, [
      waiting('default/simple', 0, 200),
      waiting('default/simple', 100, 300),
      waiting('default/simple', 1_000, 50),
      waiting('default/medium', 0, 30),
      waiting('default/complex', 0),
      waiting('default/none', 0, 0),
    ])
    expect(await contract.store.backoffs(run.id)).toEqual([
      { actor: 'default/medium', ms: 30 },
      { actor: 'default/simple', ms: 400 + 50 },
    ])
  })

  test('confirmed batches are told apart by what was stored before them (case 24)', async () => {
    const { store } = contract
    const run = await runWith(contract, [
      batch({ scenario: 'small', batch: 0 }),
      batch({ scenario: 'replaced', batch: 0 }),
      failedBatch({ scenario: 'late', batch: 0 }),
      event({ type: 'batch.retried' }),
    ])
    await store.journal.append(run, [event({ type: 'skill.files', data: { variant: 'default' } })])
    await store.journal.append(run, [batch({ scenario: 'small', batch: 1, from: 10 }), batch({ scenario: 'late', batch: 1, from: 10 })])
    await store.journal.append(run, [event({ type: 'skill.files', data: { variant: 'other' } })])
    await store.journal.append(run, [batch({ scenario: 'small', batch: 2, from: 20 }), batch({ scenario: 'replaced', batch: 0, round: 2 })])
    const events = await store.skillEvents(run.id)
    expect(events.map(({ data }) => data)).toEqual([{ variant: 'default' }, { variant: 'other' }])
    const sequences = events.map(({ sequence }) => sequence)
    const spans = (await store.confirmedSpans(run.id, sequences)).map(({ scenario, span }) => [scenario, span])
    expect(spans).toEqual([
      ['late', 1],
      ['replaced', 2],
      ['small', 0],
      ['small', 1],
      ['small', 2],
    ])
    expect(await store.confirmedSpans(run.id, [])).toHaveLength(3)
  })

  test('a later round fills what failed, and replaces what it confirmed anew', async () => {
    const { store } = contract
    const run = await runWith(contract, [
      batch({ batch: 0, from: 0, result: '["first"]' }),
      failedBatch({ batch: 1, from: 10 }),
      batch({ batch: 2, from: 20, result: '["first"]' }),
    ])
    await store.journal.append(run, [
      batch({ round: 2, batch: 0, from: 10, items: 5 }),
      failedBatch({ round: 2, batch: 1, from: 15, items: 5 }),
    ])
    const second = ['default/small 1 #1 0-10', 'default/small 1 #2 10-15', 'default/small 1 #1 20-30']
    expect(await places(run.id)).toEqual(second)

    // After a fresh restart: what it has not yet confirmed still has its older result.
    await store.journal.append(run, [
      batch({ round: 3, batch: 0, from: 0, result: '["third"]' }),
      failedBatch({ round: 3, batch: 1, from: 10 }),
    ])
    expect(await places(run.id)).toEqual(['default/small 1 #3 0-10', ...second.slice(1)])
    const results = await Array.fromAsync(store.results(run.id, {}))
    expect(results[0]!.results).toEqual(['third'])

    // Batches of another size: no item comes twice, and none is missing.
    await store.journal.append(run, [batch({ round: 4, batch: 0, from: 5, items: 7 }), batch({ round: 4, batch: 1, from: 12, items: 3 })])
    expect(await places(run.id)).toEqual([
      'default/small 1 #3 0-5',
      'default/small 1 #4 5-12',
      'default/small 1 #4 12-15',
      'default/small 1 #1 20-30',
    ])
    const elsewhere = [batch({ round: 5, batch: 0, from: 5, scenario: 'medium' }), batch({ round: 5, from: 5, repetition: 2 })]
    await store.journal.append(run, elsewhere)
    expect(await places(run.id)).toHaveLength(6)
  })

  test('items that failed alone stand among the results with their errors, until a later round fills their places', async () => {
    const { store } = contract
    const alone = (item: string) => ({ message: item, name: 'ItemError', class: 'critical', attempt: 1 })
    const run = await runWith(contract, [
      batch({ batch: 0, from: 0, items: 4, result: '["a",null,"c",null]', itemErrors: JSON.stringify({ 1: alone('b'), 3: alone('d') }) }),
      batch({ batch: 1, from: 4, items: 2, result: '["e","f"]' }),
      batch({ batch: 2, from: 6, items: 3, result: '[null,"h","i"]', itemErrors: JSON.stringify({ 0: alone('g') }) }),
    ])
    const all = async () =>
      (await Array.fromAsync(store.results(run.id, {}))).map(({ round, from, items, results, errors }) => ({
        ...{ round, from, items, results },
        ...(errors && { errors }),
      }))
    expect(await all()).toEqual([
      { round: 1, from: 0, items: 4, results: ['a', null, 'c', null], errors: { 1: alone('b'), 3: alone('d') } },
      { round: 1, from: 4, items: 2, results: ['e', 'f'] },
      { round: 1, from: 6, items: 3, results: [null, 'h', 'i'], errors: { 0: alone('g') } },
    ])
    await store.journal.append(run, [
      batch({ round: 2, batch: 1, from: 1, items: 1, result: '["B"]' }),
      failedBatch({ round: 2, batch: 3, from: 3, items: 1 }),
      batch({ round: 2, batch: 6, from: 6, items: 1, result: '["G"]' }),
    ])
    expect(await all()).toEqual([
      { round: 1, from: 0, items: 1, results: ['a'] },
      { round: 2, from: 1, items: 1, results: ['B'] },
      { round: 1, from: 2, items: 2, results: ['c', null], errors: { 1: alone('d') } },
      { round: 1, from: 4, items: 2, results: ['e', 'f'] },
      { round: 2, from: 6, items: 1, results: ['G'] },
      { round: 1, from: 7, items: 2, results: ['h', 'i'] },
    ])
  })

  test('many results come one by one, and a reader may stop', async () => {
    const { store } = contract
    const run = await runWith(
      contract,
      Array.from({ length: 230 }, (_, i) => batch({ batch: i, from: i * 10 })),
    )
    const all = await Array.fromAsync(store.results(run.id, {}))
    expect(all.map((r) => r.results[0])).toEqual(Array.from({ length: 230 }, (_, i) => i * 10))
    for await (const first of store.results(run.id, {})) {
      expect(first.from).toBe(0)
      break
    }
    expect(await store.events(run.id, 0)).toEqual([])
  })

  test('events are read page by page', async () => {
    const { store } = contract
    const run = await runWith(
      contract,
      Array.from({ length: 1_005 }, (_, n) => event({ at: AT + n, data: { n } })),
    )
    await store.journal.append(run, [batch(), event({ type: 'last', data: { n: 1_005 } })])

    const first = await store.events(run.id, 0)
    expect(numbers(first)).toEqual(Array.from({ length: 1_000 }, (_, n) => n))
    expect(first[7]).toEqual({ sequence: expect.any(Number), at: AT + 7, actor: 'orchestrator', type: 'note', data: { n: 7 } })
    expect(numbers(await store.events(run.id, first.at(-1)!.sequence))).toEqual([1_000, 1_001, 1_002, 1_003, 1_004, 1_005])
    expect(numbers(await store.events(run.id, first[1]!.sequence, 3))).toEqual([2, 3, 4])
    expect(numbers(await store.events(run.id, first[1]!.sequence - 1, 1))).toEqual([1])
    expect(numbers(await store.events(run.id, 0, 2_000))).toHaveLength(1_006)
    expect(await store.events(run.id, Number.MAX_SAFE_INTEGER)).toEqual([])
  })

  test('the last errors of batches, oldest first', async () => {
    const { store } = contract
    const types = ['batch.failed', 'note', 'batch.retried', 'batch.failed', 'batch.settled', 'batch.retried', 'run.failed']
    const run = await runWith(
      contract,
      types.map((type, n) => event({ type, data: { n } })),
    )
    const last = async (limit: number) => (await store.errors(run.id, limit)).map((e) => e.data.n)
    expect(await last(100)).toEqual([0, 2, 3, 5])
    expect(await last(4)).toEqual([0, 2, 3, 5])
    expect(await last(3)).toEqual([2, 3, 5])
    expect(await last(1)).toEqual([5])
    const events = await store.events(run.id, 0)
    expect(await store.errors(run.id, 1)).toEqual([events[5]])
  })

  test('checkpoints come in their order, with their times', async () => {
    const { store } = contract
    const run = await runWith(contract, [checkpoint({ milestonePct: 0, elapsedMs: 0, activeMs: 0 })])
    await store.journal.append(run, [checkpoint({ scenario: 'medium', milestonePct: 30, at: AT + 5 })])
    await store.journal.append(run, [checkpoint({ milestonePct: 30, repetition: 2, elapsedMs: 1234.5, activeMs: 0.125, at: AT + 4 })])
    const [a, b, c] = await store.checkpoints(run.id)
    const place = { variant: 'default', scenario: 'small', repetition: 1, sequence: expect.any(Number) }
    expect(a).toEqual({ ...place, milestonePct: 0, elapsedMs: 0, activeMs: 0, at: AT })
    expect(b).toEqual({ ...place, scenario: 'medium', milestonePct: 30, elapsedMs: 12.5, activeMs: 7.25, at: AT + 5 })
    expect(c).toEqual({ ...place, repetition: 2, milestonePct: 30, elapsedMs: 1234.5, activeMs: 0.125, at: AT + 4 })
    expect(a!.sequence).toBeLessThan(b!.sequence)
    expect(b!.sequence).toBeLessThan(c!.sequence)
  })

  test('milestones come by repetition and percentage; the first outcome of one stays', async () => {
    const { store } = contract
    const run = await runWith(contract, [
      milestone({ repetition: 2, pct: 100 }),
      milestone({ pct: 100, outcome: 'timed-out', missing: ['default/large', 'quick/large'], releasedAt: AT + 9 }),
      milestone({ pct: 30, outcome: null, releasedAt: null }),
    ])
    await store.journal.append(run, [milestone({ pct: 100, outcome: 'all', reachedAt: AT + 50, releasedAt: AT + 50 }), runFact()])
    expect(await store.milestones(run.id)).toEqual([
      { repetition: 1, pct: 30, reachedAt: AT, releasedAt: null, outcome: null, missing: [] },
      {
        repetition: 1,
        pct: 100,
        reachedAt: AT,
        releasedAt: AT + 9,
        outcome: 'timed-out',
        missing: ['default/large', 'quick/large'],
      },
      { repetition: 2, pct: 100, reachedAt: AT, releasedAt: AT, outcome: 'all', missing: [] },
    ])
    expect((await store.get(run.id))!.status).toBe('running')
  })

  test('active time is the union over lanes, without what is warm-up', async () => {
    const { store } = contract
    const run = await runWith(contract, [
      // Warm-up: [0, 100), beside which [50, 80) is timed all the same.
      lane(0, 0, 100, { warmup: true, cpuMs: 10 }),
      lane(1, 50, 30),
      // [100, 150) and [120, 160), with [130, 140) and [155, 158) inside: 60 ms. A failure counts, with what it processed.
      lane(3, 120, 40, { outcome: 'failed', processed: 4, cpuMs: 2.5 }),
      lane(2, 100, 50),
      lane(4, 130, 10),
      lane(6, 155, 3),
      // Touching, not overlapping; then a pause; then a retry of another round.
      lane(5, 160, 5),
      lane(1, 1_000, 7, { round: 2 }),
      lane(0, 0, 3, { scenario: 'medium' }),
      lane(0, 0, 3, { scenario: 'medium', repetition: 2, warmup: true }),
      lane(0, 0, 3, { variant: 'quick', cpuMs: 0 }),
    ])
    const sums = new Map((await store.sums(run.id)).map((s) => [`${s.variant}/${s.scenario} ${s.repetition}`, s]))
    const expectSums = (place: string, timedActiveMs: number, timedItems: number, cpuMs: number | null) => {
      const found = sums.get(place)
      expect(found).toMatchObject({ timedItems, cpuMs })
      // Some databases keep instants to the microsecond.
      expect(found!.timedActiveMs).toBeCloseTo(timedActiveMs, 2)
    }
    expectSums('default/small 1', 30 + 60 + 5 + 7, 10 + 10 + 4 + 10 + 10 + 10 + 10, 12.5)
    expectSums('default/medium 1', 3, 10, null)
    expectSums('default/medium 2', 0, 0, null)
    expectSums('quick/small 1', 3, 10, 0)
    expect(sums.size).toBe(4)
  })
}

const numbers = (events: StoredEvent[]) => events.map((e) => e.data.n)

/** `startedAt` counts from AT. */
const lane = (n: number, startedAt: number, activeMs: number, changes: Partial<BatchFact> = {}) =>
  batch({ batch: n, from: n * 10, startedAt: AT + startedAt, activeMs, ...changes })
