import type { BreakerRulesEvent } from '../../src/machines/breakerState.ts'
import type { ErrorClass } from '../../src/plan.ts'
import { DISABLE, fails, failsAlike, PASSED, PROBE, REARM, RECOVER, RESET, succeeds, touchy, type Sequence } from './breakerSequences.ts'
import { breakerSpec } from './breakerSpec.ts'

/** A person goes on: an open breaker sends its probe at once (rule 8). */
export const PERSONS: Sequence[] = [
  {
    name: 'a person does not wait for the cooldown (rule 8)',
    spec: breakerSpec({ threshold: 1 }),
    moments: [
      [0, fails('critical'), 'open', { sum: 1, probeAt: 30_000 }],
      [20, REARM, 'halfOpen', { sum: 1 }],
      [20, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
      [30, succeeds(2, 1), 'closed', { sum: 0 }],
    ],
  },
  {
    name: 'and has not mended it: the cooldown grows from its beginning (rule 8)',
    spec: touchy(),
    moments: [
      [0, fails('critical'), 'open', { sum: 1, probeAt: 1_000 }],
      [1_000, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
      [1_000, fails('critical', 2, 1), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 3_000 }],
      [1_500, REARM, 'halfOpen', { sum: 1 }],
      [1_500, PROBE, 'halfOpen', { sum: 1, permits: [2] }],
      [1_500, fails('critical', 4, 2), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 3_500 }],
    ],
  },
  {
    name: 'a recovery by itself waits (rule 8)',
    spec: touchy(),
    moments: [
      [0, fails('critical'), 'open', { sum: 1, probeAt: 1_000 }],
      [20, RECOVER, 'open', { sum: 1, probeAt: 1_000 }],
    ],
  },
]

const ofItems = (errorClass: ErrorClass, generation = 0, permit: number | null = null): BreakerRulesEvent => ({
  type: 'call.failed',
  class: errorClass,
  generation,
  permit,
  ofItems: true,
})

/** The skill answers, and its items are bad. */
export const ANSWERS: Sequence[] = [
  {
    name: 'bad items of a skill that has worked count for nothing, but what may pass by itself does',
    spec: breakerSpec({ threshold: 1 }),
    moments: [
      [0, succeeds(), 'closed', { sum: 0 }],
      [1, ofItems('critical'), 'closed', { sum: 0 }],
      [2, ofItems('recoverable'), 'closed', { sum: 0 }],
      [3, ofItems('transient'), 'closed', { sum: 0.5 }],
      [4, ofItems('transient'), 'open', { sum: 1, probeAt: 30_004 }],
    ],
  },
  {
    name: 'before any call was good they may be all items of a skill with a bug (rule 9)',
    spec: breakerSpec({ threshold: 2 }),
    moments: [
      [0, ofItems('critical'), 'closed', { sum: 1 }],
      [1, ofItems('critical'), 'open', { sum: 2, probeAt: 30_001 }],
    ],
  },
  {
    name: 'a probe with bad items says nothing: the next one may pass at once',
    spec: breakerSpec({ threshold: 1 }),
    moments: [
      [0, succeeds(), 'closed', { sum: 0 }],
      [1, fails('critical'), 'open', { sum: 1, probeAt: 30_001 }],
      [2, REARM, 'halfOpen', { sum: 1 }],
      [3, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
      [4, ofItems('recoverable', 2, 1), 'halfOpen', { sum: 1 }],
      [5, PROBE, 'halfOpen', { sum: 1, permits: [2] }],
      [6, succeeds(2, 2), 'closed', { sum: 0 }],
    ],
  },
]

/** A skill that never worked (rule 9). */
export const TRIALS: Sequence[] = [
  {
    name: 'the same error from the beginning: the probe comes after a second, and is the last (rule 9, first hour 1)',
    spec: breakerSpec(),
    moments: [
      [0, failsAlike(), 'closed', { sum: 1 }],
      [10, failsAlike(), 'closed', { sum: 2 }],
      [20, failsAlike(), 'open', { sum: 3, probeAt: 1_020 }],
      [1_019, PASSED, 'open', { sum: 3, probeAt: 1_020 }],
      [1_020, PROBE, 'halfOpen', { sum: 3, permits: [1] }],
      [1_030, failsAlike(2, 1), 'open', { sum: 3, recoveryAttempts: 1, exhausted: true }],
      [900_000, PASSED, 'open', { sum: 3, recoveryAttempts: 1, exhausted: true }],
    ],
  },
  {
    name: 'never later than the cooldown (rule 9)',
    spec: touchy({ cooldownMs: 300 }),
    moments: [[0, failsAlike(), 'open', { sum: 1, probeAt: 300 }]],
  },
  {
    name: 'a success before makes it an outage (rule 9)',
    spec: breakerSpec(),
    moments: [
      [0, succeeds(), 'closed', { sum: 0 }],
      [1, failsAlike(), 'closed', { sum: 1 }],
      [2, failsAlike(), 'closed', { sum: 2 }],
      [3, failsAlike(), 'open', { sum: 3, probeAt: 30_003 }],
    ],
  },
  {
    name: 'so does one that began before and came later: the probe is not the last (rule 9)',
    spec: touchy(),
    moments: [
      [0, failsAlike(), 'open', { sum: 1, probeAt: 1_000 }],
      [5, succeeds(), 'open', { sum: 1, probeAt: 1_000 }],
      [1_000, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
      [1_000, failsAlike(2, 1), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 3_000 }],
    ],
  },
  {
    name: 'different errors make it an outage (rule 9)',
    spec: breakerSpec({ threshold: 2 }),
    moments: [
      [0, failsAlike(0, null, 'a'), 'closed', { sum: 1 }],
      [1, failsAlike(0, null, 'b'), 'open', { sum: 2, probeAt: 30_001 }],
    ],
  },
  {
    name: 'so does one that may pass by itself (rule 9)',
    spec: breakerSpec({ threshold: 1.5 }),
    moments: [
      [0, failsAlike(), 'closed', { sum: 1 }],
      [
        1,
        { type: 'call.failed', class: 'transient', generation: 0, permit: null, way: 'TypeError at skill.mjs:3:11' },
        'open',
        { sum: 1.5, probeAt: 30_001 },
      ],
    ],
  },
  {
    name: 'what weighs nothing says nothing (rule 9)',
    spec: touchy(),
    moments: [
      [0, { type: 'call.failed', class: 'ignored', generation: 0, permit: null, way: 'other' }, 'closed', { sum: 0 }],
      [1, failsAlike(), 'open', { sum: 1, probeAt: 1_001 }],
    ],
  },
  {
    name: 'a probe that fails in another way has its cooldowns (rule 9)',
    spec: breakerSpec({ threshold: 1, jitter: 0 }),
    moments: [
      [0, failsAlike(0, null, 'a'), 'open', { sum: 1, probeAt: 1_000 }],
      [1_000, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
      [1_000, failsAlike(2, 1, 'b'), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 61_000 }],
    ],
  },
  {
    name: 'a person who has mended one error and made another hears of it at once (rules 8 and 9)',
    spec: breakerSpec({ threshold: 1, jitter: 0 }),
    moments: [
      [0, failsAlike(0, null, 'a'), 'open', { sum: 1, probeAt: 1_000 }],
      [1_000, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
      [1_000, failsAlike(2, 1, 'a'), 'open', { sum: 1, recoveryAttempts: 1, exhausted: true }],
      [5_000, REARM, 'halfOpen', { sum: 1 }],
      [5_000, PROBE, 'halfOpen', { sum: 1, permits: [2] }],
      [5_000, failsAlike(4, 2, 'b'), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 6_000 }],
      [6_000, PROBE, 'halfOpen', { sum: 1, recoveryAttempts: 1, permits: [3] }],
      [6_000, failsAlike(6, 3, 'b'), 'open', { sum: 1, recoveryAttempts: 2, exhausted: true }],
    ],
  },
  {
    name: 'a reset forgets how it failed (rule 9)',
    spec: breakerSpec({ threshold: 2 }),
    moments: [
      [0, failsAlike(0, null, 'a'), 'closed', { sum: 1 }],
      [1, RESET, 'closed', { sum: 0 }],
      [2, failsAlike(1, null, 'b'), 'closed', { sum: 1 }],
      [3, failsAlike(1, null, 'b'), 'open', { sum: 2, probeAt: 1_003 }],
    ],
  },
  {
    name: 'a disabled one opens for nothing (rule 9)',
    spec: touchy(),
    moments: [
      [0, DISABLE, 'disabled', { sum: 0 }],
      [1, failsAlike(1), 'disabled', { sum: 0 }],
      [2, failsAlike(1), 'disabled', { sum: 0 }],
    ],
  },
]
