import fc from 'fast-check'
import { SimulatedClock } from 'xstate'
import { expect, test } from 'vitest'
import { Activity } from '../../src/actors/activity.ts'

function startActivity(spentMs = 0) {
  const clock = new SimulatedClock()
  return { clock, activity: new Activity(clock, spentMs) }
}

/** Calls of one scenario that are all under way together on our side, as the skill timed them. */
function together(...calls: [startedAt: number, activeMs: number][]): number {
  const { activity } = startActivity()
  for (const _call of calls) activity.begin()
  for (const [startedAt, activeMs] of calls) activity.end(startedAt, activeMs)
  return activity.spentMs
}

test('one call counts as long as the skill says, whatever we see of it', () => {
  const { clock, activity } = startActivity()
  activity.begin()
  clock.increment(50)
  activity.end(1_700_000_000_000.5, 12.25)
  expect(activity.spentMs).toBe(12.25)
  expect(activity.idle).toBe(true)
})

test.each<[string, [number, number][], number]>([
  // 0 to 40 and 20 to 50: 50 together.
  ['that overlap count once', [[0, 40], [20, 30]], 50],
  ['of which one lies within another count as that one', [[0, 100], [20, 30]], 100],
  ['that only touch are added', [[0, 40], [40, 10]], 50],
  ['that the skill ran one after the other are added without the gap', [[0, 10], [30, 10]], 20],
  ['are taken as they come, whatever their order', [[30, 10], [0, 10], [5, 30]], 40],
  // 0 to 10, 8 to 18, 16 to 26, and 100 to 101.
  ['that form a chain, and one apart', [[0, 10], [8, 10], [16, 10], [100, 1]], 27],
])('calls %s', (_what, calls, expected) => {
  expect(together(...calls)).toBe(expected)
})

test('calls one after the other are added to what was spent before', () => {
  const { activity } = startActivity(1_000)
  for (const [startedAt, activeMs] of [[0, 10], [10, 5], [500, 1]] as const) {
    activity.begin()
    activity.end(startedAt, activeMs)
  }
  expect(activity.spentMs).toBe(1_016)
})

test('while calls are under way: what has ended is spent, and up to now is running', () => {
  const { clock, activity } = startActivity(100)
  clock.increment(1_000)
  activity.begin()
  clock.increment(20)
  activity.begin()
  clock.increment(20)
  activity.end(1_000, 40)
  expect(activity.spentMs).toBe(140)
  clock.increment(10)
  expect([activity.spentMs, activity.runningMs, activity.idle]).toEqual([140, 150, false])
  activity.end(1_020, 30)
  expect([activity.spentMs, activity.runningMs, activity.idle]).toEqual([150, 150, true])
  clock.increment(9_999)
  expect(activity.runningMs).toBe(150)
})

test('it says when calls begin after none were under way', () => {
  const { activity } = startActivity()
  let told = 0
  activity.onBegin = () => told++
  activity.begin()
  activity.begin()
  activity.end(0, 1)
  activity.end(0, 1)
  activity.begin()
  expect(told).toBe(2)
})

test('lanes that never let go of each other: still the union, in a bounded place', () => {
  const { activity } = startActivity()
  activity.begin()
  for (let i = 0; i < 10_000; i++) {
    activity.begin()
    activity.end(10 * i, 4)
  }
  expect(activity.spentMs).toBe(40_000)
  activity.end(100_000, 1)
  expect(activity.spentMs).toBe(40_001)
})

test('it is the number of milliseconds in which some call ran', () => {
  const call = fc.tuple(fc.nat({ max: 200 }), fc.integer({ min: 1, max: 30 }))
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 20 }), (calls) => {
      const busy = new Set(calls.flatMap(([from, ms]) => Array.from({ length: ms }, (_, i) => from + i)))
      expect(together(...calls)).toBe(busy.size)
    }),
  )
})
