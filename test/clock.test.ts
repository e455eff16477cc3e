import { expect, test } from 'vitest'
import { createNow } from '../src/clock.ts'

function watch() {
  const hands = { wall: 1_000_000, monotonic: 500 }
  const now = createNow({ wall: () => hands.wall, monotonic: () => hands.monotonic })
  const pass = (ms: number) => {
    hands.wall += ms
    hands.monotonic += ms
    return now()
  }
  return { hands, now, pass }
}

test('it is the time of the wall as long as both agree', () => {
  const { now, pass } = watch()
  expect([now(), pass(10), pass(0), pass(86_400_000)]).toEqual([1_000_000, 1_000_010, 1_000_010, 87_400_010])
})

test('a wall clock that is set back changes nothing of what passes, but for one part in a hundred until it is caught up with (case 9)', () => {
  const { hands, now, pass } = watch()
  hands.wall -= 3_600_000
  expect(now()).toBe(1_000_000)
  expect(pass(1_000)).toBe(1_000_990)
  expect(pass(100_000)).toBe(1_099_990)
  // Ahead by an hour less a hundredth of what has passed.
  expect(now() - hands.wall).toBe(3_600_000 - 1_010)
  expect(pass(259_899_000) - hands.wall).toBe(1_000_000)
  expect(pass(100_000_000) - hands.wall).toBe(0)
  expect(pass(5)).toBe(hands.wall)
})

test('a small step back is no step, and is caught up with', () => {
  const { hands, now, pass } = watch()
  hands.wall -= 1
  expect([now(), pass(1), pass(1)]).toEqual([1_000_000, 1_000_000, 1_000_001])
  expect(pass(98)).toBe(hands.wall)
})

test('it follows a wall clock that jumps forward, as after a sleep of the machine', () => {
  const { hands, now, pass } = watch()
  hands.wall += 7_200_000
  expect([now(), pass(30)]).toEqual([8_200_000, 8_200_030])
})

test('a clock that goes to and fro never takes an instant back', () => {
  const { hands, pass } = watch()
  const read: number[] = []
  for (const jump of [0, 40, -90, 20, -3_600_000, 3_600_050, -1, 0]) {
    hands.wall += jump
    read.push(pass(10))
  }
  expect(read).toEqual([...read].sort((a, b) => a - b))
})
