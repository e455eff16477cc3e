import { describe, expect, test } from 'vitest'
import { resumed, step } from '../../src/machines/breakerRules.ts'
import { initialBreaker, type Breaker } from '../../src/machines/breakerState.ts'
import { neverWorked, prove } from '../../src/machines/breakerTrial.ts'
import { ENDS, PROBES } from './breakerProbes.ts'
import { CLOSED, DISABLE, fails, failsAlike, OPEN, PASSED, PROBE, RESET, succeeds, touchy, type Sequence } from './breakerSequences.ts'
import { breakerSpec } from './breakerSpec.ts'
import { ANSWERS, PERSONS, TRIALS } from './breakerTrials.ts'
import { BORN_DISABLED, COMMANDS, WINDOWS } from './breakerWindows.ts'
import { portraitOf, wanted } from './breakerPortrait.ts'

function expectSequence({ spec, moments }: Sequence) {
  let breaker = initialBreaker(spec)
  for (const [i, moment] of moments.entries()) {
    breaker = step(breaker, moment[1], moment[0])
    expect({ moment: i, ...portraitOf(breaker) }).toEqual({ moment: i, ...wanted(moment) })
  }
}

describe('closed', () => {
  test.each(CLOSED)('$name', expectSequence)
  test.each(WINDOWS)('$name', expectSequence)
})

describe('probes', () => {
  test.each(PROBES)('$name', expectSequence)
  test.each(ENDS)('$name', expectSequence)
})

describe('trials', () => {
  test.each([...PERSONS, ...TRIALS, ...ANSWERS])('$name', expectSequence)

  test('what a disabled one sees is known: it has never worked', () => {
    const born = initialBreaker(breakerSpec({}, { disabled: true }))
    const failing = step(born, failsAlike(), 0)
    expect([neverWorked(born), neverWorked(failing), neverWorked(step(failing, succeeds(), 1))]).toEqual([false, true, false])
  })
})

describe('commands', () => {
  test.each([...COMMANDS, BORN_DISABLED])('$name', expectSequence)
})

describe('jitter', () => {
  /** The cooldowns, ms, of a breaker whose probes all fail a moment after they begin. */
  function cooldowns(breaker: Breaker, count: number): number[] {
    let at = 0
    let b = step(breaker, fails('critical', breaker.generation), at)
    const lengths: number[] = []
    for (let i = 0; i < count; i++) {
      lengths.push(b.probeAt! - at)
      at = b.probeAt!
      b = step(b, PROBE, at)
      b = step(b, fails('critical', b.generation, b.issued), at)
    }
    return lengths
  }
  const options = { backoff: 1, jitter: 0.1, maxRecoveryAttempts: 1_000, maxCooldownMs: 300_000 }

  test('the first cooldown has none, later ones up to a tenth more or less, and use all of it', () => {
    const [first, ...later] = cooldowns(initialBreaker(touchy(options)), 500)
    expect(first).toBe(1_000)
    for (const length of later) expect(Number.isInteger(length)).toBe(true)
    expect(Math.min(...later)).toBeGreaterThanOrEqual(900)
    expect(Math.max(...later)).toBeLessThanOrEqual(1_100)
    // 499 draws: that none falls into the outer fifths of the range has a chance of 0.8 ^ 499.
    expect(Math.min(...later)).toBeLessThan(940)
    expect(Math.max(...later)).toBeGreaterThan(1_060)
    expect(later.filter((length) => length < 1_000).length).toBeGreaterThan(150)
    expect(later.filter((length) => length > 1_000).length).toBeGreaterThan(150)
  })

  test('it grows with the cooldown, and never beyond the longest', () => {
    const lengths = cooldowns(initialBreaker(touchy({ ...options, backoff: 2, maxCooldownMs: 7_000 })), 8)
    const [first, second, third, ...others] = lengths
    expect(first).toBe(1_000)
    expect(second).toBeGreaterThanOrEqual(1_800)
    expect(second).toBeLessThanOrEqual(2_200)
    expect(third).toBeGreaterThanOrEqual(3_600)
    expect(third).toBeLessThanOrEqual(4_400)
    expect(others).toEqual([7_000, 7_000, 7_000, 7_000, 7_000])
  })

  test('the same seed gives the same, another run or variant another', () => {
    const of = (changes: { run?: string; variant?: string }) => cooldowns(initialBreaker(touchy(options, changes)), 20)
    expect(of({})).toEqual(of({}))
    expect(of({ run: 'run-2' })).not.toEqual(of({}))
    expect(of({ variant: 'other' })).not.toEqual(of({}))
  })

  test('a stored breaker goes on with the next number', () => {
    let b = step(initialBreaker(touchy(options)), fails('critical'), 0)
    const seen: Breaker[] = []
    for (let i = 0; i < 4; i++) {
      b = step(b, PROBE, b.probeAt!)
      seen.push(b)
      b = step(b, fails('critical', b.generation, b.issued), 0)
    }
    const again = JSON.parse(JSON.stringify(seen[2])) as Breaker
    const next = (from: Breaker) => step(from, fails('critical', from.generation, from.issued), 0).probeAt
    expect(next(again)).toBe(next(seen[2]!))
    expect(next(again)).not.toBe(next(seen[1]!))
  })
})

describe('what changes nothing gives back the very state', () => {
  const closed = prove(initialBreaker(breakerSpec()))
  const counting = step(closed, fails('critical'), 0)
  const open = step(prove(initialBreaker(touchy())), fails('critical'), 0)
  const probing = step(open, PROBE, 1_000)

  test.each([
    ['a good call', closed, succeeds(), 5],
    ['a good call of a window', prove(initialBreaker(breakerSpec({ windowMs: 1_000 }))), succeeds(), 5],
    ['an ignored failure', counting, fails('ignored'), 5],
    ['a stale failure', counting, fails('critical', 7), 5],
    ['a command that it has obeyed: disable', step(closed, DISABLE, 0), DISABLE, 5],
    ['a command that it has obeyed: open', step(closed, OPEN, 0), OPEN, 5],
    ['a deadline that is not there', open, PASSED, 999],
    ['a probe that there is no room for', probing, PROBE, 1_001],
    ['the answer of a permit that was never given', probing, succeeds(2, 2), 1_001],
  ] as const)('%s', (_what, breaker, event, at) => {
    expect(step(breaker, event, at)).toBe(breaker)
  })

  test('a reset is a change all the same: calls that began before it count no more', () => {
    expect(step(closed, RESET, 0).generation).toBe(1)
  })
})

describe('resumed', () => {
  const options = { cooldownMs: 4_000, backoff: 2, jitter: 0.5, maxCooldownMs: 10_000, maxRecoveryAttempts: 9 }
  const open = (changes: Partial<Breaker>): Breaker => ({
    ...initialBreaker(breakerSpec(options)),
    status: 'open',
    proven: true,
    ...changes,
  })
  const HOUR = 3_600_000

  test.for([
    ['the first cooldown has no jitter', { recoveryAttempts: 0 }, 4_000],
    ['later ones may be longer by it', { recoveryAttempts: 1 }, 10_000],
    ['none is longer than the longest', { recoveryAttempts: 5 }, 10_000],
    ['a skill that never worked is tried after a second', { proven: false, alike: 'the same way', recoveryAttempts: 0 }, 1_000],
  ] as const)('(F7) a clock that was an hour ahead when it opened: %s', ([, changes, longest]) => {
    expect(resumed(open({ ...changes, probeAt: HOUR }), 500).probeAt).toBe(500 + longest)
  })

  test('a cooldown that is under way, or over, stays as it is', () => {
    for (const probeAt of [null, 0, 499, 4_500]) {
      const breaker = open({ probeAt, recoveryAttempts: 0 })
      expect(resumed(breaker, 500)).toBe(breaker)
    }
  })
})
