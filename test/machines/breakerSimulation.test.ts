import { describe, expect, test } from 'vitest'
import { simulateEvents } from '../../src/machines/breakerSimulation.ts'
import { DEFAULT_BREAKER } from '../../src/plan.ts'

/** Of a skill that has worked before. */
const simulate = (events: string, options: Partial<typeof DEFAULT_BREAKER> = {}) =>
  simulateEvents(events, { ...DEFAULT_BREAKER, ...options }, { proven: true })
const statesOf = (events: string, options: Partial<typeof DEFAULT_BREAKER> = {}) =>
  simulate(events, options).steps.map(({ state, sum }) => `${state} ${sum}`)

test.each([
  ['three criticals', 'critical,critical,critical', ['closed 1', 'closed 2', 'open 3']],
  ['three recoverables', 'recoverable,recoverable,recoverable', ['closed 1', 'closed 2', 'open 3']],
  [
    'six transients',
    'transient,transient,transient,transient,transient,transient',
    ['closed 0.5', 'closed 1', 'closed 1.5', 'closed 2', 'closed 2.5', 'open 3'],
  ],
  [
    'one critical with four transients',
    'critical,transient,transient,transient,transient',
    ['closed 1', 'closed 1.5', 'closed 2', 'closed 2.5', 'open 3'],
  ],
  [
    'a success subtracts one, not below zero',
    'transient,success,critical,critical,success',
    ['closed 0.5', 'closed 0', 'closed 1', 'closed 2', 'closed 1'],
  ],
  ['ignored weighs nothing', 'critical,ignored,critical', ['closed 1', 'closed 1', 'closed 2']],
])('%s', (_what, events, states) => {
  expect(statesOf(events)).toEqual(states)
})

test('the example of the specification, step by step', () => {
  const step = { recoveryAttempts: 0, probeAtMs: null, exhausted: false, neverWorked: false, call: 'counted' }
  expect(simulate('critical,transient,success,wait:30000')).toEqual({
    steps: [
      { ...step, event: 'critical', atMs: 0, state: 'closed', sum: 1 },
      { ...step, event: 'transient', atMs: 0, state: 'closed', sum: 1.5 },
      { ...step, event: 'success', atMs: 0, state: 'closed', sum: 0.5 },
      { ...step, event: 'wait:30000', atMs: 30_000, state: 'closed', sum: 0.5, call: null },
    ],
    state: 'closed',
  })
})

test('open: calls are rejected; half-open at exactly the end of the cooldown; failed probes double it, without jitter, up to its cap', () => {
  const { steps } = simulate(
    'critical,critical,critical,success,wait:29999,critical,wait:1,critical,wait:59999,wait:1,transient,wait:120000,success',
  )
  expect(
    steps.slice(2).map(({ state, call, atMs, probeAtMs, recoveryAttempts }) => [state, call, atMs, probeAtMs, recoveryAttempts]),
  ).toEqual([
    ['open', 'counted', 0, 30_000, 0],
    ['open', 'rejected', 0, 30_000, 0],
    ['open', null, 29_999, 30_000, 0],
    ['open', 'rejected', 29_999, 30_000, 0],
    ['halfOpen', null, 30_000, null, 0],
    ['open', 'probe', 30_000, 90_000, 1],
    ['open', null, 89_999, 90_000, 1],
    ['halfOpen', null, 90_000, null, 1],
    ['open', 'probe', 90_000, 210_000, 2],
    ['halfOpen', null, 210_000, null, 2],
    ['closed', 'probe', 210_000, null, 0],
  ])
  expect(
    simulate('critical,wait:5,critical,wait:9,critical,wait:9,critical', { threshold: 1, cooldownMs: 5, maxCooldownMs: 9 }).steps.map(
      (s) => s.probeAtMs,
    ),
  ).toEqual([5, null, 14, null, 23, null, 32])
})

test('it gives up after the last failed probe, and commands lead out', () => {
  const options = { threshold: 1, cooldownMs: 1, backoff: 1, maxRecoveryAttempts: 2 }
  const { steps } = simulate(
    'critical,wait:1,critical,wait:1,critical,wait:1000000,reset,success,open,success,reset,disable,critical',
    options,
  )
  expect(steps.map(({ state, exhausted, call }) => `${state}${exhausted ? '!' : ''} ${call}`)).toEqual([
    'open counted',
    'halfOpen null',
    'open probe',
    'halfOpen null',
    'open! probe',
    'open! null',
    'closed null',
    'closed counted',
    'forcedOpen null',
    'forcedOpen rejected',
    'closed null',
    'disabled null',
    'disabled counted',
  ])
})

describe('a skill that never worked (rule 9)', () => {
  const fresh = (events: string) => simulateEvents(events, DEFAULT_BREAKER).steps.at(-1)!

  test.each([
    ['three criticals open it all the same', 'critical,critical,critical', { state: 'open', sum: 3, probeAtMs: 1_000, neverWorked: true }],
    ['half-open a second later', 'critical,critical,critical,wait:1000', { state: 'halfOpen' }],
    [
      'one probe, and it gives up',
      'critical,critical,critical,wait:1000,critical',
      { exhausted: true, neverWorked: true, recoveryAttempts: 1 },
    ],
    ['not after a success', 'success,critical,critical,critical', { probeAtMs: 30_000, neverWorked: false }],
    ['not after transient errors', 'critical,transient,transient,transient,transient', { state: 'open', probeAtMs: 30_000 }],
    ['not where errors differ', 'critical=no key,critical=no such item,critical=no key', { probeAtMs: 30_000 }],
    ['alike but for numbers and quoted texts', 'critical=item 7 "a",critical=item 8 "b",critical=item 10 "c"', { probeAtMs: 1_000 }],
    ['not where classes differ', 'critical,recoverable,critical', { probeAtMs: 30_000 }],
  ])('%s', (_what, events, end) => {
    expect(fresh(events)).toMatchObject(end)
  })
})

test('slow calls weigh, and take their time', () => {
  const { steps } = simulate('success:1000,success:999', { slowCallMs: 1_000 })
  expect(steps.map(({ atMs, sum }) => [atMs, sum])).toEqual([
    [1_000, 0.5],
    [1_999, 0],
  ])
})

test.each(['', 'criticl', 'wait', 'wait:-1', 'critical:5', 'critical=', 'success=a', 'wait=a', 'success:', 'critical,,success'])(
  '%j is refused',
  (events) => {
    expect(() => simulate(events)).toThrow(expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('wait:MS') }))
  },
)
