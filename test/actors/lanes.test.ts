import { describe, expect, test } from 'vitest'
import type { Range } from '../../src/machines/scenarioState.ts'
import type { EventFact } from '../../src/persistence/facts.ts'
import { CriticalError, TransientError } from '../../src/skills/errorClass.ts'
import { startLanes } from './lanesHarness.ts'
import { FakeJournal, turn } from './stageHarness.ts'

const slow = () => new FakeJournal({ atOnce: false })

describe('batches', () => {
  test.each<[string, Range[], [batch: number, from: number, items: number][]]>([
    [
      'are as long as the batch size says',
      [[0, 20]],
      [
        [0, 0, 10],
        [1, 10, 10],
      ],
    ],
    [
      'end with a short one',
      [[0, 25]],
      [
        [0, 0, 10],
        [1, 10, 10],
        [2, 20, 5],
      ],
    ],
    [
      'are cut where others of their size are, though a range begins in the middle of one',
      [[13, 40]],
      [
        [1, 13, 7],
        [2, 20, 10],
        [3, 30, 10],
      ],
    ],
    ['may be a piece out of the middle', [[13, 17]], [[1, 13, 4]]],
    [
      'do not reach over the end of a range',
      [
        [0, 10],
        [25, 42],
      ],
      [
        [0, 0, 10],
        [2, 25, 5],
        [3, 30, 10],
        [4, 40, 2],
      ],
    ],
    [
      'are parts of one where the items between are settled',
      [
        [20, 23],
        [27, 30],
      ],
      [
        [2, 20, 3],
        [2, 27, 3],
      ],
    ],
  ])('%s', async (_what, ranges, expected) => {
    const { calls, work } = startLanes({ parallel: 8 })
    work(ranges)
    await turn()
    expect(calls.map(({ call }) => [call.key.batch, call.from, call.items.length])).toEqual(expected)
    expect(calls.map(({ call }) => call.items[0])).toEqual(expected.map(([, from]) => `item ${from}`))
  })

  test('of a further order come behind those of the first', async () => {
    const { begun, work } = startLanes({ parallel: 8 })
    work([[0, 15]])
    work([[40, 60]])
    await turn()
    work([[70, 80]])
    await turn()
    expect(begun()).toEqual([0, 1, 4, 5, 7])
  })

  test('belong to the repetition and the round of the order', async () => {
    const { calls, work } = startLanes()
    work([[0, 10]], { round: { repetition: 2, round: 3, firstRound: 1 } })
    await turn()
    expect(calls[0]!.call.key).toMatchObject({ repetition: 2, round: 3 })
    expect(calls[0]!.call.idempotencyKey).toBe('run-1/default/simple/2/0-10/1')
    work([[0, 10]], { round: { repetition: 3 } })
    calls[0]!.answer()
    await turn()
    expect(calls[1]!.call.key).toMatchObject({ repetition: 3, round: 0 })
  })

  test('leave the order as it was: it is of the state of the scenario', async () => {
    const { work } = startLanes()
    const ranges: Range[] = [
      [0, 30],
      [40, 50],
    ]
    work(ranges)
    await turn()
    expect(ranges).toEqual([
      [0, 30],
      [40, 50],
    ])
  })
})

describe('lanes', () => {
  test('are so many in the skill at once, and the next batch begins when one is settled', async () => {
    const { begun, calls, journal, stage, work } = startLanes({ parallel: 3, journal: slow() })
    work([[0, 100]])
    await turn()
    expect(begun()).toEqual([0, 1, 2])
    calls[1]!.answer()
    await turn()
    expect(begun()).toEqual([0, 1, 2])
    journal.writes[0]!.resolve()
    await turn()
    expect(begun()).toEqual([0, 1, 2, 3])
    calls[0]!.refuse(new CriticalError('no'))
    await turn()
    journal.writes[1]!.resolve()
    await turn()
    expect(begun()).toEqual([0, 1, 2, 3, 4])
    expect(stage.inHand).toBe(3)
  })

  test('show what they have in hand, since when, and until when it waits (first hour)', async () => {
    const { calls, clock, stage, work } = startLanes({ parallel: 2 })
    work([[0, 30]])
    await turn()
    const inHand = (batch: number, since: number, waitsUntil: number | null = null) => ({ batch, since, waitsUntil })
    expect([...stage.batches]).toEqual([inHand(0, 0), inHand(1, 0)])
    clock.increment(14_000)
    calls[0]!.answer()
    calls[1]!.refuse(new TransientError('later', { retryAfterMs: 60_000 }))
    await turn()
    expect([...stage.batches]).toEqual([inHand(1, 0, 74_000), inHand(2, 14_000)])
  })

  test('keep their place while a batch waits to be tried again', async () => {
    const { begun, calls, clock, work } = startLanes({ window: 2 })
    work([[0, 30]])
    await turn()
    calls[0]!.refuse(new TransientError('busy'))
    await turn()
    expect(begun()).toEqual([0])
    clock.increment(200)
    await turn()
    expect(begun()).toEqual([0, 0])
  })

  test('with a window begin the next batch when the skill has answered, up to so many in hand', async () => {
    const { begun, calls, journal, stage, work } = startLanes({ parallel: 2, window: 1, journal: slow() })
    work([[0, 100]])
    await turn()
    expect(begun()).toEqual([0, 1])
    calls[0]!.answer()
    await turn()
    expect([begun(), stage.inHand]).toEqual([[0, 1, 2], 3])
    calls[1]!.refuse(new CriticalError('no'))
    await turn()
    expect([begun(), stage.inHand]).toEqual([[0, 1, 2], 3])
    journal.writes[1]!.resolve()
    await turn()
    expect([begun(), stage.inHand]).toEqual([[0, 1, 2, 3], 3])
  })

  test('with a window are no more in the skill for what was stored meanwhile', async () => {
    const { begun, calls, journal, stage, work } = startLanes({ window: 3, journal: slow() })
    work([[0, 100]])
    await turn()
    calls[0]!.answer()
    await turn()
    expect(begun()).toEqual([0, 1])
    journal.writes[0]!.resolve()
    await turn()
    expect([begun(), stage.inHand]).toEqual([[0, 1], 1])
  })
})

describe('the skill may rest', () => {
  test('when nothing is in hand, and not between two batches', async () => {
    const { calls, rests, work } = startLanes({ parallel: 2 })
    work([[0, 40]])
    await turn()
    for (const call of [0, 1, 2]) {
      calls[call]!.answer()
      await turn()
      expect(rests).toEqual([])
    }
    calls[3]!.answer()
    await turn()
    expect(rests).toHaveLength(1)
  })

  test('and not when what was told brought new work', async () => {
    let left = 2
    const { begun, calls, rests, work } = startLanes({
      onTold: (_event, { work }) => {
        if (left-- > 0) work([[40, 60]], { tellAfter: 20 })
      },
    })
    work([[0, 10]])
    await turn()
    for (let call = 0; call < 4; call++) {
      calls[call]!.answer()
      await turn()
    }
    expect([begun(), rests]).toEqual([[0, 4, 5, 4, 5], []])
    calls[4]!.answer()
    await turn()
    expect(rests).toHaveLength(1)
  })

  test('when what was told is the end of the scenario', async () => {
    const { calls, rests, work } = startLanes({ onTold: (_event, { stop }) => stop() })
    work([[0, 10]], { tellAfter: 10 })
    await turn()
    calls[0]!.answer()
    await turn()
    expect(rests).toHaveLength(1)
  })

  // A bug: it keeps its process for ever, and who waits for one never gets it.
  test('when they were told to end, and have ended', async () => {
    const { order, rests, work } = startLanes({ parallel: 2 })
    work([[0, 40]])
    await turn()
    order({ type: 'lanes.end' })
    await turn()
    expect(rests).toHaveLength(1)
  })
})

describe('write-ahead', () => {
  const continued: EventFact = { kind: 'event', at: 0, actor: 'default/simple', type: 'scenario.continued', data: {} }

  test('no batch begins before what made the order possible is durable, though that is handed over a moment later', async () => {
    const { begun, journal, ledger, work } = startLanes({ parallel: 2, journal: slow() })
    queueMicrotask(() => void ledger.commit([continued]))
    work([[0, 100]])
    await turn()
    expect(begun()).toEqual([])
    journal.writes[0]!.resolve()
    await turn()
    expect(begun()).toEqual([0, 1])
  })

  test('not even when the order is the answer to what was told', async () => {
    const { begun, calls, journal, work } = startLanes({
      onTold: (_event, { ledger, work }) => {
        queueMicrotask(() => void ledger.commit([continued]))
        work([[10, 20]])
      },
      journal: slow(),
    })
    work([[0, 10]])
    await turn()
    calls[0]!.answer()
    await turn()
    journal.writes[0]!.resolve()
    await turn()
    expect(begun()).toEqual([0])
  })

  test('not even when a batch comes to its end between the order and that moment', async () => {
    for (let moment = 0; moment < 20; moment++) {
      const { begun, calls, journal, ledger, order, work } = startLanes({ journal: slow() })
      work([[0, 100]])
      await turn()
      calls[0]!.answer()
      await turn()
      order({ type: 'lanes.hold' })
      journal.writes[0]!.resolve()
      for (let i = 0; i < moment; i++) await Promise.resolve()
      queueMicrotask(() => void ledger.commit([continued]))
      work([])
      await turn()
      expect([moment, begun()]).toEqual([moment, [0]])
    }
  })
})
