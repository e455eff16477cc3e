import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BatchFact } from '../../../src/persistence/facts.ts'
import { batch, event, failedBatch } from './facts.ts'
import { newRun, round, runWith, type Contract } from './subject.ts'

/** What a round has left to do. */
export function unconfirmedContract(contract: Contract) {
  test('what is not confirmed: gaps of a round and of those before it', async () => {
    const { store } = contract
    const run = await runWith(contract, [
      batch({ batch: 0, from: 0 }),
      failedBatch({ batch: 1, from: 10 }),
      batch({ batch: 2, from: 20 }),
      batch({ batch: 4, from: 40 }),
      batch({ scenario: 'medium', batch: 9, from: 90 }),
      batch({ repetition: 2, batch: 9, from: 90 }),
      batch({ variant: 'quick', batch: 9, from: 90 }),
    ])
    const ask = (ref: { round: number; firstRound: number }, from = 0) => store.unconfirmed(run.id, round(ref), { size: 60, from })
    const first = { round: 1, firstRound: 1 }
    expect(await ask(first)).toEqual({
      ranges: [
        [30, 40],
        [50, 60],
      ],
      more: null,
      confirmed: 30,
    })
    expect(await ask(first, 35)).toEqual({
      ranges: [
        [35, 40],
        [50, 60],
      ],
      more: null,
      confirmed: 30,
    })
    expect(await ask(first, 45)).toEqual({ ranges: [[50, 60]], more: null, confirmed: 30 })
    expect(await ask(first, 60)).toEqual({ ranges: [], more: null, confirmed: 30 })
    const second = { round: 2, firstRound: 1 }
    expect(await ask(second)).toEqual({
      ranges: [
        [10, 20],
        [30, 40],
        [50, 60],
      ],
      more: null,
      confirmed: 30,
    })
    expect(await ask({ round: 2, firstRound: 2 })).toEqual({ ranges: [[0, 60]], more: null, confirmed: 0 })

    await store.journal.append(run, [
      batch({ round: 2, batch: 0, from: 10, items: 5 }),
      failedBatch({ round: 2, batch: 1, from: 15, items: 5 }),
    ])
    expect(await ask(second)).toEqual({
      ranges: [
        [30, 40],
        [50, 60],
      ],
      more: null,
      confirmed: 35,
    })
    expect(await ask({ round: 3, firstRound: 1 })).toEqual({
      ranges: [
        [15, 20],
        [30, 40],
        [50, 60],
      ],
      more: null,
      confirmed: 35,
    })
    expect(await ask({ round: 2, firstRound: 2 })).toEqual({
      ranges: [
        [0, 10],
        [20, 60],
      ],
      more: null,
      confirmed: 5,
    })
  })

  test('items that failed alone are settled in their round, and alone are what the next one has to do', async () => {
    const { store } = contract
    const itemErrors = (...places: number[]) => JSON.stringify(Object.fromEntries(places.map((place) => [place, { message: 'no' }])))
    const run = await runWith(contract, [
      batch({ batch: 0, from: 0, itemErrors: itemErrors(0, 1, 9) }),
      batch({ batch: 1, from: 10 }),
      batch({ batch: 2, from: 20, itemErrors: itemErrors(5) }),
    ])
    const ask = (round_: number, from = 0) => store.unconfirmed(run.id, round({ round: round_, firstRound: 1 }), { size: 30, from })
    expect(await ask(1)).toEqual({ ranges: [], more: null, confirmed: 26 })
    const ranges = [
      [0, 2],
      [9, 10],
      [25, 26],
    ]
    expect(await ask(2)).toEqual({ ranges, more: null, confirmed: 26 })
    expect(await ask(2, 2)).toEqual({ ranges: ranges.slice(1), more: null, confirmed: 26 })

    await store.journal.append(run, [
      batch({ round: 2, batch: 0, from: 0, items: 2, itemErrors: itemErrors(1) }),
      failedBatch({ round: 2, batch: 25, from: 25, items: 1, itemErrors: itemErrors(0) }),
    ])
    expect(await ask(2)).toEqual({ ranges: [[9, 10]], more: null, confirmed: 27 })
    expect(await ask(3)).toEqual({
      ranges: [
        [1, 2],
        [9, 10],
        [25, 26],
      ],
      more: null,
      confirmed: 27,
    })
    expect((await store.batchesFrom(run.id, round({ round: 2 }), 0)).map((b) => [b.from, b.itemErrors])).toEqual([
      [0, { 1: { message: 'no' } }],
      [25, { 0: { message: 'no' } }],
    ])
  })

  test('what is kept of a batch grows with each write, and goes with its outcome, also in one flush', async () => {
    const { store } = contract
    const place = { variant: 'default', scenario: 'small', repetition: 1, round: 1, batch: 4 }
    const kept = (results: object, errors = {}, figures = {}) => ({
      kind: 'kept' as const,
      ...place,
      ...{ results: JSON.stringify(results), errors: JSON.stringify(errors), figures: JSON.stringify(figures) },
    })
    const run = await runWith(contract, [kept({ 40: 'a' }, { 42: { message: 'no' } }), kept({ 41: { b: 1 } })])
    await store.journal.append(run, [kept({ 43: null }, {}, { usage: { tokens: 3 } })])
    const other = await runWith(contract, [kept({ 40: 'of another run' })])
    const whole = { ...place, results: { 40: 'a', 41: { b: 1 }, 43: null }, errors: { 42: { message: 'no' } } }
    expect(await store.kept(run.id)).toEqual([{ ...whole, figures: { usage: { tokens: 3 } } }])

    await expect(store.journal.append({ ...run, epoch: run.epoch - 1 }, [{ kind: 'dropped', ...place }])).rejects.toThrow(/newer owner/)
    expect(await store.kept(run.id)).toHaveLength(1)

    await store.journal.append(run, [event()])
    const fork = await store.fork(run.id, { at: await store.lastSequence(run.id), id: `${run.id}-fork` })
    await store.journal.append(run, [kept({ 44: 'e' }), batch({ batch: 4, from: 40 }), { kind: 'dropped', ...place }])
    expect(await store.kept(run.id)).toEqual([])
    expect(await store.kept(fork.id)).toEqual([{ ...whole, figures: { usage: { tokens: 3 } } }])
    expect(await store.kept(other.id)).toHaveLength(1)
  })

  test.each([
    [63, null],
    [64, null],
    [65, 128],
    [200, 128],
  ])('of %i gaps the first 64 are given, and where the rest begins', async (gaps, more) => {
    const { store } = contract
    const run = await runWith(
      contract,
      Array.from({ length: gaps }, (_, i) => batch({ batch: i, from: i * 2 + 1, items: 1 })),
    )
    const found = await store.unconfirmed(run.id, round(), { size: gaps * 2, from: 0 })
    expect(found.ranges).toEqual(Array.from({ length: Math.min(gaps, 64) }, (_, i) => [i * 2, i * 2 + 1]))
    expect(found).toMatchObject({ more, confirmed: gaps })
    if (more === null) return
    const rest = await store.unconfirmed(run.id, round(), { size: gaps * 2, from: more })
    expect(rest.ranges[0]).toEqual([128, 129])
    expect(rest.ranges).toHaveLength(Math.min(gaps - 64, 64))
  })

  test('what is not confirmed is what a list of the items says', async () => {
    const { store } = contract
    await fc.assert(
      fc.asyncProperty(historyArbitrary, fc.nat(SIZE), fc.nat(100), async ({ rounds, firstRound }, from, cut) => {
        const run = await store.create(newRun())
        const facts = rounds.flat()
        const stored = facts.slice(0, Math.round((facts.length * cut) / 100))
        await store.journal.append(run, [event(), ...stored])
        const at = await store.lastSequence(run.id)
        await store.journal.append(run, facts.slice(stored.length))
        for (const [known, ask] of [
          [stored, { at }],
          [facts, {}],
        ] as const) {
          const ref = round({ round: rounds.length, firstRound })
          expect(await store.unconfirmed(run.id, ref, { size: SIZE, from, ...ask })).toEqual(itemByItem(known, ref, from))
        }
        await run.release()
      }),
      { numRuns: 40 },
    )
  })
}

const SIZE = 40

/** Rounds as they come about: each tries batches of what is not confirmed, in any order, and some fail. */
const historyArbitrary = fc
  .record({
    rounds: fc.array(
      fc.record({ batchSize: fc.integer({ min: 1, max: 9 }), draws: fc.array(fc.nat(5), { minLength: 40, maxLength: 40 }) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    fresh: fc.nat(3),
  })
  .map(({ rounds: drawn, fresh }) => {
    const firstRound = Math.min(fresh + 1, drawn.length)
    const rounds: BatchFact[][] = []
    for (const [i, { batchSize, draws }] of drawn.entries()) {
      const since = i + 1 < firstRound ? 1 : firstRound
      const confirmed = new Set(rounds.flat().flatMap((b) => (b.round >= since && b.outcome === 'ok' ? itemsOf(b) : [])))
      const tried: BatchFact[] = []
      for (let from = 0; from < SIZE; ) {
        let items = 0
        while (items < batchSize && from + items < SIZE && !confirmed.has(from + items)) items++
        const make = draws[from]! < 3 ? batch : failedBatch
        if (items > 0 && draws[from]! < 5) tried.push(make({ round: i + 1, batch: from, from, items }))
        from += Math.max(items, 1)
      }
      rounds.push(tried.toSorted((a, b) => draws[a.from]! - draws[b.from]!))
    }
    return { rounds, firstRound }
  })

const itemsOf = ({ from, items }: BatchFact) => Array.from({ length: items }, (_, i) => from + i)

/** The same question, asked of each item. */
function itemByItem(facts: readonly BatchFact[], ref: { round: number; firstRound: number }, from: number) {
  const all = Array.from({ length: SIZE }, (_, item) => item)
  const rowsOf = (item: number) => facts.filter((b) => b.round >= ref.firstRound && itemsOf(b).includes(item))
  const confirmed = all.filter((item) => rowsOf(item).some((b) => b.outcome === 'ok')).length
  const ranges: [number, number][] = []
  for (const item of all.slice(from)) {
    if (rowsOf(item).some((b) => b.outcome === 'ok' || b.round === ref.round)) continue
    const last = ranges.at(-1)
    if (last?.[1] === item) last[1] = item + 1
    else ranges.push([item, item + 1])
  }
  return { ranges, more: null, confirmed }
}
