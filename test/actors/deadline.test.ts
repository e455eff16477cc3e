import { createActor, setup, SimulatedClock } from 'xstate'
import { expect, test } from 'vitest'
import { createDeadline } from '../../src/actors/deadline.ts'
import type { Clock } from '../../src/clock.ts'

/** The clock that is told of every timer. */
function watchedClock() {
  const clock = new SimulatedClock()
  const delays: number[] = []
  const cleared: unknown[] = []
  const watched: Clock = {
    now: () => clock.now(),
    setTimeout: (fn, delayMs) => {
      delays.push(delayMs)
      return clock.setTimeout(fn, delayMs)
    },
    clearTimeout: (id) => {
      cleared.push(id)
      clock.clearTimeout(id as number)
    },
  }
  return { clock, delays, cleared, watched }
}

function startDeadline(at: number, stored?: string, { clock, delays, cleared, watched } = watchedClock()) {
  const passed: number[] = []
  const parent = setup({
    types: { events: {} as { type: 'deadline.passed'; at: number } },
    actors: { deadline: createDeadline(watched) },
  }).createMachine({
    initial: 'waiting',
    states: {
      waiting: {
        invoke: { src: 'deadline', input: { at } },
        on: { 'deadline.passed': { target: 'over', actions: ({ event }) => void passed.push(event.at) } },
      },
      over: {},
    },
  })
  const actor = createActor(parent, { snapshot: stored === undefined ? undefined : JSON.parse(stored) }).start()
  return { clock, delays, cleared, passed, actor, persist: () => JSON.stringify(actor.getPersistedSnapshot()) }
}

test('fires once its instant is reached, not before', () => {
  const { clock, passed } = startDeadline(1_000)
  clock.increment(999)
  expect(passed).toEqual([])
  clock.increment(1)
  expect(passed).toEqual([1_000])
  clock.increment(5_000)
  expect(passed).toEqual([1_000])
})

test('one that has passed fires at once, without a timer', () => {
  const { passed, delays } = startDeadline(0)
  expect(passed).toEqual([0])
  expect(delays).toEqual([])
})

// Node fires a timer beyond 2³¹ − 1 ms at once.
test('a long one is chained out of timers that are short enough', () => {
  const at = 5_000_000_000
  const { clock, delays, passed } = startDeadline(at)
  clock.set(2 ** 31 - 1)
  clock.set(2 * (2 ** 31 - 1))
  expect(passed).toEqual([])
  clock.set(at - 1)
  expect(passed).toEqual([])
  clock.set(at)
  expect(passed).toEqual([at])
  expect(delays).toEqual([2_147_483_647, 2_147_483_647, 705_032_706])
})

test('stopped, it lets go of its timer', () => {
  const { clock, actor, cleared, passed } = startDeadline(1_000)
  actor.stop()
  expect(cleared).toHaveLength(1)
  clock.increment(2_000)
  expect(passed).toEqual([])
})

test('restored, it is armed for what is left, or fires at once', () => {
  const before = startDeadline(1_000)
  before.clock.increment(400)
  const stored = before.persist()
  before.actor.stop()
  const early = startDeadline(NaN, stored, { ...watchedClock(), ...at(600) })
  expect(early.delays).toEqual([400])
  early.clock.increment(400)
  expect(early.passed).toEqual([1_000])
  expect(startDeadline(NaN, stored, at(70_000)).passed).toEqual([70_000])
})

function at(now: number) {
  const watched = watchedClock()
  watched.clock.set(now)
  return watched
}
