import { createActor, setup, SimulatedClock } from 'xstate'
import { expect, test } from 'vitest'
import { Activity } from '../../src/actors/activity.ts'
import { createBudget } from '../../src/actors/budget.ts'

function startBudget({ limitMs = 100, usedMs = 0, clock = new SimulatedClock(), activity = new Activity(clock, usedMs) } = {}) {
  const spent: number[] = []
  const parent = setup({
    types: { events: {} as { type: 'budget.spent'; at: number } },
    actors: { budget: createBudget(clock, () => ({ activity })) },
  }).createMachine({
    initial: 'running',
    states: {
      running: {
        invoke: { src: 'budget', input: { run: 'run-1', scenario: 'default/simple', limitMs, usedMs } },
        on: { 'budget.spent': { target: 'failed', actions: ({ event }) => void spent.push(event.at) } },
      },
      failed: {},
    },
  })
  const actor = createActor(parent).start()
  return {
    clock,
    activity,
    spent,
    stop: () => actor.stop(),
    /** A call that takes so long, and ends. */
    work(ms: number) {
      const begun = activity.begin()
      clock.increment(ms)
      activity.end(begun, begun, ms)
    },
  }
}

test('is spent in the middle of a call, to the millisecond', () => {
  const { clock, activity, spent } = startBudget()
  activity.begin()
  clock.increment(99)
  expect(spent).toEqual([])
  clock.increment(1)
  expect(spent).toEqual([100])
})

test('time between calls does not count', () => {
  const { clock, activity, spent, work } = startBudget()
  clock.increment(1_000)
  work(60)
  clock.increment(5_000)
  expect(spent).toEqual([])
  activity.begin()
  clock.increment(39)
  expect(spent).toEqual([])
  clock.increment(1)
  expect(spent).toEqual([6_100])
})

test('while nothing is called, nothing is armed', () => {
  const clock = new SimulatedClock()
  const armed: number[] = []
  const setTimeout = clock.setTimeout.bind(clock)
  clock.setTimeout = (fn, delayMs) => {
    armed.push(delayMs)
    return setTimeout(fn, delayMs)
  }
  const { work } = startBudget({ clock })
  clock.increment(1_000)
  expect(armed).toEqual([])
  work(60)
  clock.increment(10_000)
  expect(armed).toEqual([100])
  work(10)
  expect(armed).toEqual([100, 40])
})

test('a timer of an earlier call is no reason to end: what counts is measured anew', () => {
  const { clock, activity, spent, work } = startBudget()
  work(50) // its timer stands at 100
  clock.increment(30)
  activity.begin() // at 80
  clock.increment(20)
  expect(spent).toEqual([])
  clock.increment(29)
  expect(spent).toEqual([])
  clock.increment(1)
  expect(spent).toEqual([130])
})

test('two lanes at once use it once', () => {
  const { clock, activity, spent } = startBudget()
  const first = activity.begin()
  clock.increment(20)
  activity.begin()
  clock.increment(60)
  activity.end(first, 0, 80)
  clock.increment(19)
  expect(spent).toEqual([])
  clock.increment(1)
  expect(spent).toEqual([100])
})

test('restored, what was used stays used', () => {
  const { clock, activity, spent } = startBudget({ usedMs: 70 })
  clock.increment(1_000)
  expect(spent).toEqual([])
  activity.begin()
  clock.increment(29)
  expect(spent).toEqual([])
  clock.increment(1)
  expect(spent).toEqual([1_030])
})

test('one that is used up is spent at once', () => {
  expect(startBudget({ usedMs: 100 }).spent).toEqual([0])
})

test('a fresh start begins with what the scenario says, not with what this process has seen', () => {
  const first = startBudget()
  first.work(90)
  first.stop()
  const { clock, activity } = first
  const { spent } = startBudget({ clock, activity, usedMs: 0 })
  expect(activity.spentMs).toBe(0)
  activity.begin()
  clock.increment(99)
  expect(spent).toEqual([])
  clock.increment(1)
  expect(spent).toEqual([190])
})

test('stopped, it lets go of its timer and of the calls', () => {
  const { clock, activity, spent, stop } = startBudget()
  activity.begin()
  stop()
  expect(activity.onBegin).toBeUndefined()
  clock.increment(1_000)
  expect(spent).toEqual([])
})
