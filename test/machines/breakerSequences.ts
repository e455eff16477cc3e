import type { BreakerRulesEvent, BreakerSpec, BreakerStatus } from '../../src/machines/breakerState.ts'
import type { ErrorClass } from '../../src/plan.ts'
import { breakerSpec } from './breakerSpec.ts'

/** What is to be seen of a breaker after an event. */
export interface Expected {
  sum: number
  /** Default 0. */
  recoveryAttempts?: number
  /** Default `null`. */
  probeAt?: number | null
  /** Probes under way, by their ids; default none. */
  permits?: number[]
  /** Default false. */
  exhausted?: boolean
}

export type Moment = [at: number, event: BreakerRulesEvent, status: BreakerStatus, expected: Expected]

/** Events with their times, and the breaker after each, worked out by hand. */
export interface Sequence {
  name: string
  spec: BreakerSpec
  moments: Moment[]
}

/** `generation`: each change of status is one more. `permit`: of a probe. */
export const fails = (errorClass: ErrorClass, generation = 0, permit: number | null = null): BreakerRulesEvent => ({
  type: 'call.failed',
  class: errorClass,
  generation,
  permit,
})

/** As a call does whose skill has a bug. */
export const failsAlike = (generation = 0, permit: number | null = null, way = 'TypeError at skill.mjs:3:11'): BreakerRulesEvent => ({
  type: 'call.failed',
  class: 'recoverable',
  generation,
  permit,
  way,
})

export const succeeds = (generation = 0, permit: number | null = null, durationMs = 1): BreakerRulesEvent => ({
  type: 'call.succeeded',
  generation,
  permit,
  durationMs,
})

export const PROBE: BreakerRulesEvent = { type: 'probe.requested' }
export const PASSED: BreakerRulesEvent = { type: 'deadline.passed' }
export const OPEN: BreakerRulesEvent = { type: 'breaker.open' }
export const DISABLE: BreakerRulesEvent = { type: 'breaker.disable' }
export const RESET: BreakerRulesEvent = { type: 'breaker.reset' }
export const REARM: BreakerRulesEvent = { type: 'breaker.rearm' }
export const RECOVER: BreakerRulesEvent = { type: 'breaker.recover' }

/** One critical error opens it for a second; nothing is left to chance. */
export const touchy = (options: Partial<BreakerSpec['options']> = {}, changes: Partial<BreakerSpec> = {}) =>
  breakerSpec({ threshold: 1, cooldownMs: 1_000, jitter: 0, ...options }, changes)

/** What counts, and when it is enough. */
export const CLOSED: Sequence[] = [
  {
    name: 'three criticals open it',
    spec: breakerSpec(),
    moments: [
      [0, fails('critical'), 'closed', { sum: 1 }],
      [10, fails('critical'), 'closed', { sum: 2 }],
      [20, fails('critical'), 'open', { sum: 3, probeAt: 30_020 }],
    ],
  },
  {
    name: 'so do three recoverable ones',
    spec: breakerSpec(),
    moments: [
      [0, fails('recoverable'), 'closed', { sum: 1 }],
      [0, fails('recoverable'), 'closed', { sum: 2 }],
      [0, fails('recoverable'), 'open', { sum: 3, probeAt: 30_000 }],
    ],
  },
  {
    name: 'so do six transients, and not five',
    spec: breakerSpec(),
    moments: [
      [0, fails('transient'), 'closed', { sum: 0.5 }],
      [1, fails('transient'), 'closed', { sum: 1 }],
      [2, fails('transient'), 'closed', { sum: 1.5 }],
      [3, fails('transient'), 'closed', { sum: 2 }],
      [4, fails('transient'), 'closed', { sum: 2.5 }],
      [5, fails('transient'), 'open', { sum: 3, probeAt: 30_005 }],
    ],
  },
  {
    name: 'so do one critical and four transients',
    spec: breakerSpec(),
    moments: [
      [0, fails('critical'), 'closed', { sum: 1 }],
      [1, fails('transient'), 'closed', { sum: 1.5 }],
      [2, fails('transient'), 'closed', { sum: 2 }],
      [3, fails('transient'), 'closed', { sum: 2.5 }],
      [4, fails('transient'), 'open', { sum: 3, probeAt: 30_004 }],
    ],
  },
  {
    name: 'the sum may go beyond the threshold',
    spec: breakerSpec({ threshold: 2.25 }),
    moments: [
      [0, fails('critical'), 'closed', { sum: 1 }],
      [0, fails('critical'), 'closed', { sum: 2 }],
      [0, fails('critical'), 'open', { sum: 3, probeAt: 30_000 }],
    ],
  },
  {
    name: 'a success subtracts 1, and never goes below 0',
    spec: breakerSpec(),
    moments: [
      [0, succeeds(), 'closed', { sum: 0 }],
      [1, fails('critical'), 'closed', { sum: 1 }],
      [2, fails('critical'), 'closed', { sum: 2 }],
      [3, succeeds(), 'closed', { sum: 1 }],
      [4, fails('transient'), 'closed', { sum: 1.5 }],
      [5, succeeds(), 'closed', { sum: 0.5 }],
      [6, succeeds(), 'closed', { sum: 0 }],
      [7, succeeds(), 'closed', { sum: 0 }],
      [8, fails('critical'), 'closed', { sum: 1 }],
      [9, fails('critical'), 'closed', { sum: 2 }],
      [10, fails('critical'), 'open', { sum: 3, probeAt: 30_010 }],
    ],
  },
  {
    name: 'what is ignored counts for nothing',
    spec: breakerSpec({ threshold: 2 }),
    moments: [
      [0, fails('ignored'), 'closed', { sum: 0 }],
      [0, fails('critical'), 'closed', { sum: 1 }],
      [0, fails('ignored'), 'closed', { sum: 1 }],
      [0, fails('ignored'), 'closed', { sum: 1 }],
      [0, fails('critical'), 'open', { sum: 2, probeAt: 30_000 }],
    ],
  },
  {
    name: 'weights are options',
    spec: breakerSpec({ weights: { critical: 3, recoverable: 0, transient: 2, ignored: 0.5, slow: 0 } }),
    moments: [
      [0, fails('recoverable'), 'closed', { sum: 0 }],
      [0, fails('transient'), 'closed', { sum: 2 }],
      [0, fails('ignored'), 'closed', { sum: 2.5 }],
      [0, succeeds(), 'closed', { sum: 1.5 }],
      [0, fails('critical'), 'open', { sum: 4.5, probeAt: 30_000 }],
    ],
  },
  {
    name: 'ten of 0.1 are 1, though floating point adds them up to a little less',
    spec: breakerSpec({ threshold: 1, weights: { critical: 0.1, recoverable: 1, transient: 1, ignored: 0, slow: 0 } }),
    moments: [
      ...Array.from({ length: 9 }, (_, i): Moment => [i, fails('critical'), 'closed', { sum: (i + 1) / 10 }]),
      [9, fails('critical'), 'open', { sum: 1, probeAt: 30_009 }],
    ],
  },
  {
    name: 'thirty are 3, and twenty-nine are not',
    spec: breakerSpec({ weights: { critical: 0.1, recoverable: 1, transient: 1, ignored: 0, slow: 0 } }),
    moments: [
      ...Array.from({ length: 29 }, (_, i): Moment => [i, fails('critical'), 'closed', { sum: (i + 1) / 10 }]),
      [29, fails('critical'), 'open', { sum: 3, probeAt: 30_029 }],
    ],
  },
]
