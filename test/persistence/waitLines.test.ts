import { expect, test } from 'vitest'
import { SimulatedClock } from 'xstate'
import { waitLines } from '../../src/persistence/waitLines.ts'

test('many who wait are one line, for as long as the longest of them (first hour)', () => {
  const clock = new SimulatedClock()
  const lines: string[] = []
  const sayWaiting = waitLines({ clock, say: (line) => lines.push(line), gone: () => null })
  const first = sayWaiting(60_000)
  clock.increment(4_000)
  const second = sayWaiting(64_000)
  clock.increment(6_000)
  expect(lines.splice(0)).toEqual(['still waiting for the database, for 54 s more at most'])
  second[Symbol.dispose]()
  second[Symbol.dispose]()
  clock.increment(10_000)
  expect(lines.splice(0)).toEqual(['still waiting for the database, for 40 s more at most'])
  clock.increment(40_000)
  expect(lines.splice(0).at(-1)).toBe('still waiting for the database, for a last attempt')
  first[Symbol.dispose]()
  clock.increment(60_000)
  expect(lines).toEqual([])
  // Who waits again is told anew.
  using _again = sayWaiting(clock.now() + 60_000)
  clock.increment(10_000)
  expect(lines).toEqual(['still waiting for the database, for 50 s more at most'])
})

test('where nobody listens no timer is set', () => {
  const clock = new SimulatedClock()
  const setTimeout = () => {
    throw new Error('a timer')
  }
  const sayWaiting = waitLines({ clock: { ...clock, now: () => 0, setTimeout, clearTimeout() {} }, say: undefined, gone: () => null })
  expect(() => sayWaiting(60_000)[Symbol.dispose]()).not.toThrow()
})
