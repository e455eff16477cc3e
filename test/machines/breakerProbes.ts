import { fails, OPEN, DISABLE, PASSED, PROBE, REARM, RECOVER, succeeds, touchy, type Moment, type Sequence } from './breakerSequences.ts'
import { breakerSpec } from './breakerSpec.ts'

/** A `touchy` one that opened at 0 and has its probe, permit 1, under way since 1 000. */
export const PROBING: Moment[] = [
  [0, fails('critical'), 'open', { sum: 1, probeAt: 1_000 }],
  [1_000, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
]

export const PROBES: Sequence[] = [
  {
    name: 'it is half-open exactly at the end of its cooldown, and not a millisecond earlier',
    spec: touchy(),
    moments: [
      [5, fails('critical'), 'open', { sum: 1, probeAt: 1_005 }],
      [1_004, PASSED, 'open', { sum: 1, probeAt: 1_005 }],
      [1_004, PROBE, 'open', { sum: 1, probeAt: 1_005 }],
      [1_005, PASSED, 'halfOpen', { sum: 1 }],
      [1_005, PASSED, 'halfOpen', { sum: 1 }],
    ],
  },
  {
    name: 'no timer has to say so: whoever asks for a probe then has it',
    spec: touchy(),
    moments: [
      [0, fails('critical'), 'open', { sum: 1, probeAt: 1_000 }],
      [999, PROBE, 'open', { sum: 1, probeAt: 1_000 }],
      [1_000, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
    ],
  },
  {
    name: 'a probe that succeeds closes it, with nothing left of before',
    spec: touchy(),
    moments: [
      ...PROBING,
      [1_100, succeeds(2, 1), 'closed', { sum: 0 }],
      [1_200, fails('transient', 3), 'closed', { sum: 0.5 }],
      [1_300, fails('transient', 3), 'open', { sum: 1, probeAt: 2_300 }],
    ],
  },
  {
    name: 'one that fails, with whatever weight, opens it for twice as long, up to a limit; a success forgets that',
    spec: touchy({ maxCooldownMs: 3_000 }),
    moments: [
      ...PROBING,
      [1_100, fails('transient', 2, 1), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 3_100 }],
      [3_099, PASSED, 'open', { sum: 1, recoveryAttempts: 1, probeAt: 3_100 }],
      [3_100, PROBE, 'halfOpen', { sum: 1, recoveryAttempts: 1, permits: [2] }],
      [3_200, fails('recoverable', 4, 2), 'open', { sum: 1, recoveryAttempts: 2, probeAt: 6_200 }],
      [6_200, PROBE, 'halfOpen', { sum: 1, recoveryAttempts: 2, permits: [3] }],
      [6_300, fails('critical', 6, 3), 'open', { sum: 1, recoveryAttempts: 3, probeAt: 9_300 }],
      [9_300, PROBE, 'halfOpen', { sum: 1, recoveryAttempts: 3, permits: [4] }],
      [9_400, succeeds(8, 4), 'closed', { sum: 0 }],
      [9_500, fails('critical', 9), 'open', { sum: 1, probeAt: 10_500 }],
    ],
  },
  {
    name: 'a cooldown is never longer than the limit, not even the first',
    spec: touchy({ maxCooldownMs: 600, jitter: 0.1 }),
    moments: [[0, fails('critical'), 'open', { sum: 1, probeAt: 600 }]],
  },
  {
    name: 'a backoff of 1 keeps the cooldown',
    spec: touchy({ backoff: 1 }),
    moments: [...PROBING, [1_100, fails('critical', 2, 1), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 2_100 }]],
  },
  {
    name: 'a probe that fails without weight says nothing, and another may pass',
    spec: touchy(),
    moments: [
      ...PROBING,
      [1_010, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
      [1_100, fails('ignored', 2, 1), 'halfOpen', { sum: 1 }],
      [1_100, fails('critical', 2, 1), 'halfOpen', { sum: 1 }],
      [1_200, PROBE, 'halfOpen', { sum: 1, permits: [2] }],
      [1_300, succeeds(2, 2), 'closed', { sum: 0 }],
    ],
  },
  {
    name: 'with two probes two may pass at once, and the first that says something decides',
    spec: touchy({ probes: 2 }),
    moments: [
      ...PROBING,
      [1_001, PROBE, 'halfOpen', { sum: 1, permits: [1, 2] }],
      [1_002, PROBE, 'halfOpen', { sum: 1, permits: [1, 2] }],
      [1_003, fails('ignored', 2, 1), 'halfOpen', { sum: 1, permits: [2] }],
      [1_004, PROBE, 'halfOpen', { sum: 1, permits: [2, 3] }],
      [1_005, fails('critical', 2, 3), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 3_005 }],
      [1_006, succeeds(2, 2), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 3_005 }],
      [3_005, PROBE, 'halfOpen', { sum: 1, recoveryAttempts: 1, permits: [4] }],
      [3_005, PROBE, 'halfOpen', { sum: 1, recoveryAttempts: 1, permits: [4, 5] }],
      [3_006, succeeds(4, 5), 'closed', { sum: 0 }],
      [3_007, fails('critical', 4, 4), 'closed', { sum: 0 }],
    ],
  },
  {
    name: 'a lost probe frees its permit exactly at the end of its lease, and its late answer counts for nothing',
    spec: touchy({}, { leaseMs: 500 }),
    moments: [
      ...PROBING,
      [1_499, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
      [1_500, PROBE, 'halfOpen', { sum: 1, permits: [2] }],
      [1_501, succeeds(2, 1), 'halfOpen', { sum: 1, permits: [2] }],
      [1_502, fails('critical', 2, 1), 'halfOpen', { sum: 1, permits: [2] }],
      [2_000, succeeds(2, 2), 'halfOpen', { sum: 1 }],
      [2_001, PROBE, 'halfOpen', { sum: 1, permits: [3] }],
      [2_500, fails('critical', 2, 3), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 4_500 }],
    ],
  },
  {
    name: 'what began before it last changed counts for nothing',
    spec: breakerSpec({ threshold: 2 }),
    moments: [
      [0, fails('critical'), 'closed', { sum: 1 }],
      [2, fails('critical'), 'open', { sum: 2, probeAt: 30_002 }],
      [100, fails('critical'), 'open', { sum: 2, probeAt: 30_002 }],
      [100, succeeds(), 'open', { sum: 2, probeAt: 30_002 }],
      [100, succeeds(1), 'open', { sum: 2, probeAt: 30_002 }],
      [100, fails('critical', 1), 'open', { sum: 2, probeAt: 30_002 }],
      [30_002, PROBE, 'halfOpen', { sum: 2, permits: [1] }],
      [30_003, succeeds(0), 'halfOpen', { sum: 2, permits: [1] }],
      [30_003, fails('critical', 1), 'halfOpen', { sum: 2, permits: [1] }],
      [30_003, fails('critical', 0, 1), 'halfOpen', { sum: 2, permits: [1] }],
      [30_003, succeeds(2), 'halfOpen', { sum: 2, permits: [1] }],
      [30_003, fails('critical', 2, 2), 'halfOpen', { sum: 2, permits: [1] }],
      [30_004, succeeds(2, 1), 'closed', { sum: 0 }],
      [30_005, fails('critical', 0), 'closed', { sum: 0 }],
      [30_005, fails('critical', 2, 1), 'closed', { sum: 0 }],
      [30_006, fails('critical', 3), 'closed', { sum: 1 }],
      [30_007, succeeds(0), 'closed', { sum: 1 }],
    ],
  },
]

/** Two failed probes, and it has given up; 4 100 later than that nothing has changed. */
export const GIVEN_UP: Moment[] = [
  ...PROBING,
  [1_100, fails('critical', 2, 1), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 3_100 }],
  [3_100, PROBE, 'halfOpen', { sum: 1, recoveryAttempts: 1, permits: [2] }],
  [3_200, fails('transient', 4, 2), 'open', { sum: 1, recoveryAttempts: 2, exhausted: true }],
  [900_000_000, PASSED, 'open', { sum: 1, recoveryAttempts: 2, exhausted: true }],
  [900_000_000, PROBE, 'open', { sum: 1, recoveryAttempts: 2, exhausted: true }],
]

export const ENDS: Sequence[] = [
  {
    name: 'it gives up after as many failed probes as it may, and a restart lets it try at once',
    spec: touchy({ maxRecoveryAttempts: 2 }),
    moments: [
      ...GIVEN_UP,
      [900_000_001, REARM, 'halfOpen', { sum: 1 }],
      [900_000_001, REARM, 'halfOpen', { sum: 1 }],
      [900_000_002, PROBE, 'halfOpen', { sum: 1, permits: [3] }],
      [900_000_100, fails('critical', 6, 3), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 900_002_100 }],
    ],
  },
  {
    name: 'one that may fail once gives up with its first probe',
    spec: touchy({ maxRecoveryAttempts: 1 }),
    moments: [...PROBING, [1_100, fails('critical', 2, 1), 'open', { sum: 1, recoveryAttempts: 1, exhausted: true }]],
  },
  {
    name: 'a recovery gives one that has given up another cooldown and one more chance, which it may miss',
    spec: touchy({ maxRecoveryAttempts: 2 }),
    moments: [
      ...GIVEN_UP,
      [900_000_000, RECOVER, 'open', { sum: 1, recoveryAttempts: 1, probeAt: 900_002_000 }],
      [900_002_000, PROBE, 'halfOpen', { sum: 1, recoveryAttempts: 1, permits: [3] }],
      [900_002_100, fails('transient', 7, 3), 'open', { sum: 1, recoveryAttempts: 2, exhausted: true }],
    ],
  },
  {
    name: 'or take',
    spec: touchy({ maxRecoveryAttempts: 2 }),
    moments: [
      ...GIVEN_UP,
      [900_000_000, RECOVER, 'open', { sum: 1, recoveryAttempts: 1, probeAt: 900_002_000 }],
      [900_002_000, PROBE, 'halfOpen', { sum: 1, recoveryAttempts: 1, permits: [3] }],
      [900_002_100, succeeds(7, 3), 'closed', { sum: 0 }],
    ],
  },
  {
    name: 'a recovery lets a closed one prove itself',
    spec: breakerSpec(),
    moments: [
      [0, fails('critical'), 'closed', { sum: 1 }],
      [1, RECOVER, 'halfOpen', { sum: 1 }],
      [2, fails('critical', 0), 'halfOpen', { sum: 1 }],
      [3, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
      [4, succeeds(1, 1), 'closed', { sum: 0 }],
    ],
  },
  {
    name: 'and leaves others as they are',
    spec: touchy(),
    moments: [
      [0, fails('critical'), 'open', { sum: 1, probeAt: 1_000 }],
      [10, RECOVER, 'open', { sum: 1, probeAt: 1_000 }],
      [1_000, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
      [1_001, RECOVER, 'halfOpen', { sum: 1, permits: [1] }],
      [1_002, OPEN, 'forcedOpen', { sum: 1 }],
      [1_003, RECOVER, 'forcedOpen', { sum: 1 }],
      [1_004, REARM, 'forcedOpen', { sum: 1 }],
      [1_005, DISABLE, 'disabled', { sum: 0 }],
      [1_006, RECOVER, 'disabled', { sum: 0 }],
      [1_007, REARM, 'disabled', { sum: 0 }],
    ],
  },
]
