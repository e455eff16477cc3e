import { expect, test } from 'vitest'
import { CriticalError, TransientError } from '../../src/skills/errorClass.ts'
import { startLanes } from './lanesHarness.ts'
import { FakeJournal, turn } from './stageHarness.ts'

test('what is settled is told when it is durable, and not before', async () => {
  const { calls, done, journal, told, work } = startLanes({ window: 1, journal: new FakeJournal({ atOnce: false }) })
  work([[0, 20]], { tellAfter: 10 })
  await turn()
  calls[0]!.answer()
  await turn()
  calls[1]!.answer()
  await turn()
  expect([journal.batches.length, told]).toEqual([2, []])
  journal.writes[0]!.resolve()
  await turn()
  expect(done()).toEqual([[[0, 10]]])
  journal.writes[1]!.resolve()
  await turn()
  expect(done()).toEqual([[[0, 10]], [[10, 20]]])
})

test('what is settled is told when it is as much as the scenario wants to hear of, and counted anew then', async () => {
  const { calls, done, work } = startLanes()
  work([[0, 100]], { tellAfter: 20 })
  await turn()
  const after = []
  for (let i = 0; i < 6; i++) {
    calls[i]!.answer()
    await turn()
    after.push(done().length)
    // The scenario says what it wants to hear of next.
    if (i === 1) work([], { tellAfter: 21 })
  }
  expect(after).toEqual([0, 1, 1, 1, 2, 2])
  expect(done()).toEqual([[[0, 20]], [[20, 50]]])
})

test('what is settled is told at once with a failure', async () => {
  const { calls, told, work } = startLanes()
  work([[0, 100]])
  await turn()
  calls[0]!.answer()
  await turn()
  expect(told).toEqual([])
  calls[1]!.refuse(new CriticalError('no'))
  await turn()
  expect(told).toMatchObject([{ type: 'batches.settled', tally: { done: [[0, 20]], items: 20, failed: 10 } }])
})

test('what is settled is told when nothing is in hand any more', async () => {
  const { calls, done, work } = startLanes({ parallel: 2 })
  work([[0, 20]])
  await turn()
  calls[1]!.answer()
  await turn()
  expect(done()).toEqual([])
  calls[0]!.answer()
  await turn()
  expect(done()).toEqual([
    [
      [10, 20],
      [0, 10],
    ],
  ])
})

test('what is settled is told when it has not been for a while, counted from the first that was not', async () => {
  const { calls, clock, done, stage, work } = startLanes()
  const settle = async (call: number) => {
    calls[call]!.answer()
    await turn()
  }
  work([[0, 100]])
  await turn()
  clock.increment(1_000)
  await settle(0)
  clock.increment(100)
  await settle(1)
  clock.increment(149)
  expect(done()).toEqual([])
  clock.increment(1)
  expect(done()).toEqual([[[0, 20]]])
  await settle(2)
  clock.increment(50)
  await settle(3)
  // What is told for another reason is no reason to tell soon.
  stage.tell()
  clock.increment(100)
  await settle(4)
  clock.increment(249)
  expect(done()).toEqual([[[0, 20]], [[20, 40]]])
  clock.increment(1)
  expect(done()).toEqual([[[0, 20]], [[20, 40]], [[40, 50]]])
  clock.increment(10_000)
  expect(done()).toHaveLength(3)
})

test('what is settled is told when somebody asks for it, once', async () => {
  const { calls, clock, done, stage, told, work } = startLanes({ parallel: 2 })
  stage.tell()
  work([[0, 100]])
  await turn()
  clock.increment(20)
  calls[0]!.answer()
  await turn()
  clock.increment(30)
  expect(told).toEqual([])
  stage.tell()
  stage.tell()
  // Of the calls that have ended, though another is under way.
  expect(told).toMatchObject([{ tally: { done: [[0, 10]] }, activeMs: 20, at: 50 }])
  calls[1]!.answer()
  await turn()
  stage.tell()
  expect(done()).toEqual([[[0, 10]], [[10, 20]]])
})

test('what is settled is summed up', async () => {
  const { calls, clock, told, work } = startLanes({ parallel: 4 })
  work([
    [0, 30],
    [42, 47],
  ])
  await turn()
  clock.increment(20)
  calls[0]!.answer({ quality: { accuracy: 0.5, recall: 1 }, memoryPeakMb: 90 })
  await turn()
  clock.increment(5)
  calls[1]!.refuse(new TransientError('busy'))
  await turn()
  clock.increment(200)
  await turn()
  calls[4]!.answer({ quality: { accuracy: 0.75 }, processed: 8, memoryPeakMb: 60 })
  calls[2]!.answer({ quality: null, memoryPeakMb: null })
  await turn()
  calls[3]!.refuse(new CriticalError('no'))
  await turn()
  expect(told).toEqual([
    {
      type: 'batches.settled',
      tally: {
        done: [
          [0, 30],
          [42, 47],
        ],
        batches: 4,
        items: 35,
        failed: 5,
        processed: 10 + 8 + 10,
        retries: 1,
        errors: { transient: 1, critical: 1 },
        quality: { accuracy: { sum: 0.5 * 10 + 0.75 * 10, items: 20 }, recall: { sum: 10, items: 10 } },
        memoryPeakMb: 90,
      },
      activeMs: 225,
      at: 225,
    },
  ])
})
