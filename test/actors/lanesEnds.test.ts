import { describe, expect, test, vi } from 'vitest'
import { InputError, MemoryLimitError, SkillClosedError, SkillLoadError } from '../../src/errors.ts'
import { CriticalError, TransientError } from '../../src/skills/errorClass.ts'
import { startLanes } from './lanesHarness.ts'
import { FakeJournal, turn } from './stageHarness.ts'

const slow = () => new FakeJournal({ atOnce: false })
const shutdown = () => new DOMException('The run is being stopped', 'AbortError')

describe('told to hold', () => {
  test('they end what is in hand and tell it, and begin nothing new until there is work again', async () => {
    const { begun, calls, done, order, types, work } = startLanes({ parallel: 2 })
    work([[0, 50]])
    await turn()
    order({ type: 'lanes.hold' })
    calls[0]!.answer()
    await turn()
    expect([begun(), types()]).toEqual([[0, 1], []])
    calls[1]!.answer()
    await turn()
    expect([begun(), done()]).toEqual([[0, 1], [[[0, 20]]]])
    work([])
    await turn()
    expect(begun()).toEqual([0, 1, 2, 3])
  })

  test('with a window they do not either, when the skill has answered', async () => {
    const { begun, calls, order, work } = startLanes({ window: 2, journal: slow() })
    work([[0, 50]])
    await turn()
    order({ type: 'lanes.hold' })
    calls[0]!.answer()
    await turn()
    expect(begun()).toEqual([0])
  })

  test('at once after an order they begin nothing, and let the skill rest', async () => {
    const { begun, order, rests, told, work } = startLanes()
    work([[0, 50]])
    order({ type: 'lanes.hold' })
    await turn()
    expect([begun(), told, rests.length]).toEqual([[], [], 1])
  })
})

describe('told to end', () => {
  test('they tell of failed attempts of which nothing came', async () => {
    const { calls, clock, order, told, work } = startLanes()
    work([[0, 20]])
    await turn()
    calls[0]!.refuse(new TransientError('too much to do'))
    await turn()
    clock.increment(1_000)
    await turn()
    calls[1]!.refuse(new TransientError('too much to do'))
    await turn()
    order({ type: 'lanes.end' })
    await turn()
    expect(told.map(({ type, tally }) => [type, tally?.errors, tally?.batches])).toEqual([
      ['batches.settled', { transient: 2 }, 0],
      ['lanes.ended', undefined, undefined],
    ])
  })

  test('they abort what is in the skill, wait for what is being stored, tell it, and say that they have ended', async () => {
    const { calls, begun, done, journal, order, stage, types, work, fatal } = startLanes({ parallel: 3, journal: slow() })
    work([[0, 100]])
    await turn()
    calls[1]!.answer()
    await turn()
    order({ type: 'lanes.end' })
    await turn()
    expect(calls.map(({ options }) => options.signal.reason.name)).toEqual(Array(3).fill('AbortError'))
    expect([types(), stage.inHand]).toEqual([[], 1])
    journal.writes[0]!.resolve()
    await turn()
    expect([types(), done()]).toEqual([['batches.settled', 'lanes.ended'], [[[10, 20]]]])
    expect([begun(), stage.inHand, fatal]).toEqual([[0, 1, 2], 0, []])
  })

  test('they count what the skill had ready all the same', async () => {
    const { calls, done, order, types, work } = startLanes({ parallel: 2 })
    work([[0, 100]])
    await turn()
    calls[0]!.answer()
    order({ type: 'lanes.end' })
    await turn()
    expect([types(), done()]).toEqual([['batches.settled', 'lanes.ended'], [[[0, 10]]]])
  })

  test('they tell what they had not told yet', async () => {
    const { calls, done, order, types, work } = startLanes()
    work([[0, 100]])
    await turn()
    calls[0]!.answer()
    await turn()
    order({ type: 'lanes.end' })
    await turn()
    expect([types(), done()]).toEqual([['batches.settled', 'lanes.ended'], [[[0, 10]]]])
  })

  test('with nothing in hand they have ended at once, and begin nothing of what they have', async () => {
    const { begun, clock, order, told, work } = startLanes()
    clock.increment(7)
    work([[0, 10]])
    order({ type: 'lanes.end' })
    expect(told).toEqual([{ type: 'lanes.ended', at: 7 }])
    await turn()
    clock.increment(1_000)
    expect([begun(), told.length]).toEqual([[], 1])
  })

  test('in answer to what they told they have ended once', async () => {
    const { calls, types, work } = startLanes({
      onTold: ({ type }, { order, stop }) => {
        if (type === 'batches.settled') order({ type: 'lanes.end' })
        else stop()
      },
    })
    work([[0, 100]])
    await turn()
    calls[0]!.refuse(new CriticalError('no'))
    await turn()
    expect(types()).toEqual(['batches.settled', 'lanes.ended'])
  })
})

describe('an error', () => {
  test.each([
    ['memory', new MemoryLimitError(64, 70), 70],
    ['memory', new MemoryLimitError(64, null, 66), 66],
    ['skill', new SkillLoadError('The module is gone'), null],
  ])('of %s breaks the scenario, not the run, when what is settled is told', async (reason, error, memoryPeakMb) => {
    const { calls, clock, told, fatal, stage, work, journal } = startLanes({ parallel: 2 })
    work([[0, 20]])
    await turn()
    calls[0]!.answer({ memoryPeakMb: null })
    await turn()
    expect(told).toEqual([])
    clock.increment(5)
    calls[1]!.refuse(error)
    await turn()
    expect(told).toMatchObject([
      { type: 'batches.settled', tally: { done: [[0, 10]], memoryPeakMb } },
      { type: 'scenario.broke', reason, at: 5 },
    ])
    expect(journal.events.map(({ type, data }) => [type, (data.error as Error).message])).toEqual([['batch.failed', error.message]])
    expect([told.length, fatal, stage.inHand]).toEqual([2, [], 0])
  })

  test('that breaks it ends the lanes, if the scenario says so, and is told once', async () => {
    const { begun, calls, types, work } = startLanes({
      parallel: 2,
      onTold: ({ type }, { order }) => {
        if (type === 'scenario.broke') order({ type: 'lanes.end' })
      },
    })
    work([[0, 100]])
    await turn()
    calls[0]!.refuse(new MemoryLimitError(64, 70))
    calls[1]!.refuse(new MemoryLimitError(64, 70))
    await turn()
    expect([types(), begun()]).toEqual([
      ['batches.settled', 'scenario.broke', 'lanes.ended'],
      [0, 1],
    ])
  })

  test('that no scenario can mend ends the run', async () => {
    const error = new InputError('The input has changed', 'Give it back')
    const { begun, told, fatal, stop, work } = startLanes({
      reader: { read: () => Promise.reject(error), async close() {} },
      onFatal: (found) => {
        fatal.push(found)
        stop()
      },
    })
    work([[0, 100]])
    await turn()
    expect([told, fatal, begun()]).toEqual([[], [error], []])
  })

  test('of the store ends the run too', async () => {
    const { calls, journal, told, fatal, stage, work } = startLanes({ journal: slow() })
    work([[0, 10]])
    await turn()
    calls[0]!.answer()
    await turn()
    journal.writes[0]!.reject(new Error('The database has been away'))
    await turn()
    expect([told, fatal, stage.inHand]).toMatchObject([[], [{ message: 'The database has been away' }], 0])
  })

  test('of a skill that was closed is nobody’s, and leaves its place to the next batch', async () => {
    const { begun, calls, told, fatal, stage, work } = startLanes()
    work([[0, 20]])
    for (const call of [0, 1]) {
      await turn()
      expect(begun()).toHaveLength(call + 1)
      calls[call]!.refuse(new SkillClosedError('The batch did not run: its skill was closed'))
    }
    await turn()
    expect([told, fatal, stage.inHand]).toEqual([[], [], 0])
  })
})

describe('stopped', () => {
  test('they abort what is in the skill and begin nothing', async () => {
    const { begun, calls, fatal, journal, stop, told, work } = startLanes({ parallel: 2 })
    work([[0, 100]])
    await turn()
    stop()
    await turn()
    expect(calls.map(({ options }) => options.signal.reason.name)).toEqual(Array(2).fill('AbortError'))
    expect([begun(), told, journal.facts, fatal]).toEqual([[0, 1], [], [], []])
  })

  test('before they have begun what they were given they never do', async () => {
    const { begun, stop, work } = startLanes()
    work([[0, 100]])
    stop()
    await turn()
    expect(begun()).toEqual([])
  })

  test('they say no more, not even of what is stored', async () => {
    const { calls, clock, journal, stage, stop, told, work } = startLanes({ window: 1, journal: slow() })
    work([[0, 20]])
    await turn()
    calls[0]!.answer()
    await turn()
    calls[1]!.answer()
    await turn()
    journal.writes[0]!.resolve()
    await turn()
    stop()
    stage.tell()
    journal.writes[1]!.resolve()
    await turn()
    clock.increment(1_000)
    expect([told, journal.batches.length, stage.inHand]).toEqual([[], 2, 0])
  })

  test('they let go of their timer', async () => {
    const { calls, clock, stop, work } = startLanes()
    const armed = vi.spyOn(clock, 'setTimeout')
    const cleared = vi.spyOn(clock, 'clearTimeout')
    work([[0, 100]])
    await turn()
    calls[0]!.answer()
    await turn()
    stop()
    expect(armed.mock.results).toHaveLength(1)
    expect(cleared).toHaveBeenCalledWith(armed.mock.results[0]!.value)
  })
})

describe('a shutdown', () => {
  test('aborts what is in the skill; what was being stored is stored, and told, and nothing new begins', async () => {
    const { begun, calls, done, fatal, journal, rests, stage, types, work } = startLanes({ parallel: 2, window: 1, journal: slow() })
    work([[0, 100]])
    await turn()
    calls[0]!.answer()
    await turn()
    expect(begun()).toEqual([0, 1, 2])
    calls[2]!.answer()
    stage.shutdown.abort(shutdown())
    await turn()
    expect([types(), stage.inHand]).toEqual([[], 2])
    for (const write of journal.writes) write.resolve()
    await turn()
    const whole = [
      [0, 10],
      [20, 30],
    ]
    expect([types(), done(), begun()]).toEqual([['batches.settled'], [whole], [0, 1, 2]])
    expect([fatal, rests, stage.inHand]).toEqual([[], [], 0])
  })

  test('lets no order begin anything', async () => {
    const { begun, order, stage, types, work } = startLanes()
    const read = vi.spyOn(stage.reader, 'read')
    stage.shutdown.abort(shutdown())
    work([[0, 100]])
    await turn()
    expect([begun(), types()]).toEqual([[], []])
    expect(read).not.toHaveBeenCalled()
    order({ type: 'lanes.end' })
    expect(types()).toEqual(['lanes.ended'])
  })

  test('is no reason to break the scenario', async () => {
    const { calls, fatal, stage, told, work } = startLanes({ parallel: 2 })
    work([[0, 20]])
    await turn()
    calls[0]!.refuse(new MemoryLimitError(64, 70))
    calls[1]!.refuse(new Error('The process is gone'))
    stage.shutdown.abort(shutdown())
    await turn()
    expect([told, fatal]).toEqual([[], []])
  })
})
