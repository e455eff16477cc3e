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
  const begun = calls.map(() => activity.begin())
  for (const [i, [startedAt, activeMs]] of calls.entries()) activity.end(begun[i]!, startedAt, activeMs)
  return activity.spentMs
}

test('one call counts as long as the skill says, whatever we see of it', () => {
  const { clock, activity } = startActivity()
  const begun = activity.begin()
  clock.increment(50)
  activity.end(begun, 1_700_000_000_000.5, 12.25)
  expect(activity.spentMs).toBe(12.25)
  expect(activity.idle).toBe(true)
})

test.each<[string, [number, number][], number]>([
  // 0 to 40 and 20 to 50: 50 together.
  [
    'that overlap count once',
    [
      [0, 40],
      [20, 30],
    ],
    50,
  ],
  [
    'of which one lies within another count as that one',
    [
      [0, 100],
      [20, 30],
    ],
    100,
  ],
  [
    'that only touch are added',
    [
      [0, 40],
      [40, 10],
    ],
    50,
  ],
  [
    'that the skill ran one after the other are added without the gap',
    [
      [0, 10],
      [30, 10],
    ],
    20,
  ],
  [
    'are taken as they come, whatever their order',
    [
      [30, 10],
      [0, 10],
      [5, 30],
    ],
    40,
  ],
  // 0 to 10, 8 to 18, 16 to 26, and 100 to 101.
  [
    'that form a chain, and one apart',
    [
      [0, 10],
      [8, 10],
      [16, 10],
      [100, 1],
    ],
    27,
  ],
])('calls %s', (_what, calls, expected) => {
  expect(together(...calls)).toBe(expected)
})

test('calls one after the other are added to what was spent before', () => {
  const { activity } = startActivity(1_000)
  for (const [startedAt, activeMs] of [
    [0, 10],
    [10, 5],
    [500, 1],
  ] as const) {
    activity.end(activity.begin(), startedAt, activeMs)
  }
  expect(activity.spentMs).toBe(1_016)
})

test('while calls are under way: what has ended is spent, and up to now is running', () => {
  const { clock, activity } = startActivity(100)
  clock.increment(1_000)
  const first = activity.begin()
  clock.increment(20)
  const second = activity.begin()
  clock.increment(20)
  activity.end(first, 1_000, 40)
  expect(activity.spentMs).toBe(140)
  clock.increment(10)
  expect([activity.spentMs, activity.runningMs, activity.idle]).toEqual([140, 150, false])
  activity.end(second, 1_020, 30)
  expect([activity.spentMs, activity.runningMs, activity.idle]).toEqual([150, 150, true])
  clock.increment(9_999)
  expect(activity.runningMs).toBe(150)
})

test('a long call among short ones runs all the time, though only they have ended', () => {
  const { clock, activity } = startActivity()
  const long = activity.begin()
  for (let i = 0; i < 10; i++) {
    const short = activity.begin()
    clock.increment(4)
    activity.end(short, clock.now() - 4, 4)
    clock.increment(6)
  }
  expect([activity.spentMs, activity.runningMs]).toEqual([40, 100])
  activity.end(long, 0, 100)
  expect(activity.spentMs).toBe(100)
})

test('while one lane waits and another goes on, gaps that have passed do not run', () => {
  const { clock, activity } = startActivity()
  const first = activity.begin()
  const second = activity.begin()
  clock.increment(10)
  activity.end(first, 0, 10)
  clock.increment(40)
  const third = activity.begin()
  activity.end(second, 40, 10)
  clock.increment(5)
  // 0 to 10, 40 to 50, and 50 to now.
  expect(activity.runningMs).toBe(25)
  activity.end(third, 50, 5)
  expect(activity.spentMs).toBe(25)
})

test('it says when calls begin after none were under way', () => {
  const { activity } = startActivity()
  let told = 0
  activity.onBegin = () => told++
  const begun = [activity.begin(), activity.begin()]
  for (const call of begun) activity.end(call, 0, 1)
  activity.begin()
  expect(told).toBe(2)
})

test('lanes that never let go of each other: still the union, in a bounded place', () => {
  const { activity } = startActivity()
  const long = activity.begin()
  for (let i = 0; i < 10_000; i++) activity.end(activity.begin(), 10 * i, 4)
  expect(activity.spentMs).toBe(40_000)
  activity.end(long, 100_000, 1)
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
