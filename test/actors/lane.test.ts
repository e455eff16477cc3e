import { createActor, setup, type AnyActorRef } from 'xstate'
import { expect, test } from 'vitest'
import { createLane, type LaneCall } from '../../src/actors/lane.ts'
import type { StageOf } from '../../src/actors/stage.ts'
import { MemoryLimitError, SkillLoadError } from '../../src/errors.ts'
import { CriticalError } from '../../src/skills/errorClass.ts'
import { FakeJournal, laneCall, startStage, turn } from './stageHarness.ts'

/** A lane with its first batch, and what it says of it. */
function startLane(changes: Parameters<typeof startStage>[0] = {}) {
  const started = startStage(changes)
  const told: Record<string, unknown>[] = []
  const stageOf: StageOf = ({ run, scenario }) => {
    expect([run, scenario]).toEqual(['run-1', 'default/simple'])
    return started.stage
  }
  const parent = setup({ types: { events: {} as { type: string } }, actors: { lane: createLane(stageOf) } }).createMachine({
    invoke: {
      src: 'lane',
      id: 'lane',
      input: { run: 'run-1', scenario: 'default/simple', lane: 0, call: laneCall({ batch: 0, from: 0 }) },
    },
    on: { '*': { actions: ({ event }) => void told.push(event) } },
  })
  const root = createActor(parent).start()
  const lane = root.getSnapshot().children.lane as AnyActorRef
  return {
    ...started,
    told,
    types: () => told.map(({ type }) => type),
    run: (call: Partial<LaneCall>) => lane.send({ type: 'batch.run', ...laneCall(call) }),
    stop: () => root.stop(),
  }
}

test('takes one batch after the other, and says of each that it is settled when it is durable', async () => {
  const { calls, journal, told, types, run } = startLane({ journal: new FakeJournal({ atOnce: false }) })
  await turn()
  calls[0]!.answer()
  await turn()
  expect(told).toEqual([])
  journal.writes[0]!.resolve()
  await turn()
  expect(told).toMatchObject([{ type: 'batch.settled', batch: 0, failed: false }])
  run({ batch: 1, from: 10 })
  await turn()
  calls[1]!.refuse(new CriticalError('no'))
  await turn()
  journal.writes[1]!.resolve()
  await turn()
  expect(told.slice(1)).toMatchObject([{ type: 'batch.settled', batch: 1, failed: true }])
  expect(types()).toEqual(['batch.settled', 'batch.settled'])
})

test('pipelined, it says that the skill is free, and takes the next while the last is being stored', async () => {
  const { calls, journal, types, told, run, stage } = startLane({ pipelined: true, journal: new FakeJournal({ atOnce: false }) })
  await turn()
  calls[0]!.answer()
  await turn()
  expect(told).toEqual([{ type: 'batch.called', batch: 0 }])
  run({ batch: 1, from: 10 })
  await turn()
  expect(calls).toHaveLength(2)
  expect(stage.inHand).toBe(2)
  journal.writes[0]!.resolve()
  await turn()
  expect(types()).toEqual(['batch.called', 'batch.settled'])
})

test.each([
  ['memory', new MemoryLimitError(64, 70)],
  ['skill', new SkillLoadError('The module is gone')],
])('%s breaks the scenario, not the run', async (reason, error) => {
  const { calls, told, fatal, stage } = startLane()
  await turn()
  calls[0]!.refuse(error)
  await turn()
  expect(told).toEqual([{ type: 'scenario.broke', reason, at: 0 }])
  expect(fatal).toEqual([])
  expect(stage.inHand).toBe(0)
})

test('what no scenario can mend ends the run', async () => {
  const { told, fatal } = startLane({
    reader: {
      read: () => Promise.reject(new Error('The input has changed')),
      async close() {},
    },
  })
  await turn()
  expect(told).toEqual([])
  expect(fatal).toMatchObject([{ message: 'The input has changed' }])
})

test('stopped, it aborts what is in flight and says no more, not even of what is stored', async () => {
  const first = startLane()
  await turn()
  first.stop()
  await turn()
  expect(first.calls[0]!.options.signal.aborted).toBe(true)
  expect([first.told, first.journal.facts, first.fatal]).toEqual([[], [], []])

  const second = startLane({ journal: new FakeJournal({ atOnce: false }) })
  await turn()
  second.calls[0]!.answer()
  await turn()
  second.stop()
  second.journal.writes[0]!.resolve()
  await turn()
  expect(second.journal.batches).toHaveLength(1)
  expect(second.told).toEqual([])
})

test('a shutdown aborts it too; what the skill had ready is stored, and said', async () => {
  const { calls, stage, told, journal, fatal } = startLane()
  await turn()
  calls[0]!.answer()
  stage.shutdown.abort(new DOMException('The run is being stopped', 'AbortError'))
  await turn()
  expect(journal.batches).toHaveLength(1)
  expect(told).toMatchObject([{ type: 'batch.settled' }])
  expect(fatal).toEqual([])
})

test('with nothing in hand the skill may rest', async () => {
  const { calls, rests, stage } = startLane()
  await turn()
  expect(stage.inHand).toBe(1)
  expect(rests).toEqual([])
  calls[0]!.answer()
  await turn()
  expect(stage.inHand).toBe(0)
  expect(rests).toHaveLength(1)
})
