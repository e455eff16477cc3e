import type { BreakerRulesEvent, BreakerStatus } from '../../src/machines/breakerState.ts'
import { GIVEN_UP, PROBING } from './breakerProbes.ts'
import { DISABLE, fails, OPEN, PASSED, PROBE, RESET, succeeds, touchy, type Moment, type Sequence } from './breakerSequences.ts'
import { breakerSpec } from './breakerSpec.ts'

/** What counts at all: windows, a least number of calls, slow ones. */
export const WINDOWS: Sequence[] = [
  {
    name: 'only what failed within the window counts, its beginning excluded',
    spec: breakerSpec({ windowMs: 1_000 }),
    moments: [
      [0, fails('critical'), 'closed', { sum: 1 }],
      [500, fails('critical'), 'closed', { sum: 2 }],
      [1_000, fails('critical'), 'closed', { sum: 2 }],
      [1_400, fails('critical'), 'open', { sum: 3, probeAt: 31_400 }],
    ],
  },
  {
    name: 'a success within the window subtracts 1 there',
    spec: breakerSpec({ windowMs: 1_000 }),
    moments: [
      [0, fails('critical'), 'closed', { sum: 1 }],
      [10, fails('critical'), 'closed', { sum: 2 }],
      [20, succeeds(), 'closed', { sum: 1 }],
      // The first failure is gone; the success has met the second.
      [1_005, fails('critical'), 'closed', { sum: 1 }],
      // Both are: nothing to subtract from.
      [1_015, succeeds(), 'closed', { sum: 0 }],
      [1_016, fails('critical'), 'closed', { sum: 1 }],
      [5_000, succeeds(), 'closed', { sum: 0 }],
    ],
  },
  {
    name: 'only the last calls count, the ignored not among them',
    spec: breakerSpec({ windowCount: 4 }),
    moments: [
      [0, fails('critical'), 'closed', { sum: 1 }],
      [0, fails('critical'), 'closed', { sum: 2 }],
      [0, succeeds(), 'closed', { sum: 1 }],
      [0, fails('transient'), 'closed', { sum: 1.5 }],
      [0, fails('ignored'), 'closed', { sum: 1.5 }],
      // critical, success, transient, transient: 1, 0, 0.5, 1
      [0, fails('transient'), 'closed', { sum: 1 }],
      // success, transient, transient, critical: 0, 0.5, 1, 2
      [0, fails('critical'), 'closed', { sum: 2 }],
      // transient, transient, critical, critical: 0.5, 1, 2, 3
      [0, fails('critical'), 'open', { sum: 3, probeAt: 30_000 }],
    ],
  },
  {
    name: 'failures too far apart never open it',
    spec: breakerSpec({ windowCount: 2 }),
    moments: Array.from({ length: 9 }, (_, i): Moment => [i, fails('critical'), 'closed', { sum: Math.min(i + 1, 2) }]),
  },
  {
    name: 'it begins with an empty window when it closes again',
    spec: touchy({ windowCount: 10, threshold: 2 }),
    moments: [
      [0, fails('critical'), 'closed', { sum: 1 }],
      [0, fails('critical'), 'open', { sum: 2, probeAt: 1_000 }],
      [1_000, PROBE, 'halfOpen', { sum: 2, permits: [1] }],
      [1_001, succeeds(2, 1), 'closed', { sum: 0 }],
      [1_002, fails('critical', 3), 'closed', { sum: 1 }],
    ],
  },
  {
    name: 'it does not open before it has seen enough calls, and only a failure opens it',
    spec: breakerSpec({ minimumCalls: 5 }),
    moments: [
      [0, fails('critical'), 'closed', { sum: 1 }],
      [0, fails('critical'), 'closed', { sum: 2 }],
      [0, fails('critical'), 'closed', { sum: 3 }],
      [0, fails('ignored'), 'closed', { sum: 3 }],
      [0, fails('critical'), 'closed', { sum: 4 }],
      [0, succeeds(), 'closed', { sum: 3 }],
      [0, fails('ignored'), 'closed', { sum: 3 }],
      [0, fails('transient'), 'open', { sum: 3.5, probeAt: 30_000 }],
    ],
  },
  {
    name: 'good calls are calls that it has seen',
    spec: touchy({ minimumCalls: 3 }),
    moments: [
      [0, succeeds(), 'closed', { sum: 0 }],
      [0, succeeds(), 'closed', { sum: 0 }],
      [0, fails('critical'), 'open', { sum: 1, probeAt: 1_000 }],
      [1_000, PROBE, 'halfOpen', { sum: 1, permits: [1] }],
      [1_001, succeeds(2, 1), 'closed', { sum: 0 }],
      // They are counted anew since it closed.
      [1_002, fails('critical', 3), 'closed', { sum: 1 }],
      [1_003, fails('critical', 3), 'closed', { sum: 2 }],
      [1_004, fails('critical', 3), 'open', { sum: 3, probeAt: 2_004 }],
    ],
  },
  {
    name: 'a slow call counts as a failure of its own weight',
    spec: breakerSpec({ slowCallMs: 100, threshold: 1.5 }),
    moments: [
      [0, succeeds(0, null, 100), 'closed', { sum: 0.5 }],
      [0, succeeds(0, null, 99), 'closed', { sum: 0 }],
      [0, succeeds(0, null, 101), 'closed', { sum: 0.5 }],
      [0, succeeds(0, null, 5_000), 'closed', { sum: 1 }],
      [0, succeeds(0, null, 100), 'open', { sum: 1.5, probeAt: 30_000 }],
    ],
  },
  {
    name: 'a slow probe opens it again',
    spec: touchy({ slowCallMs: 100 }),
    moments: [...PROBING, [1_100, succeeds(2, 1, 100), 'open', { sum: 1, recoveryAttempts: 1, probeAt: 3_100 }]],
  },
  {
    name: 'where slowness has no weight a slow call is a good one',
    spec: touchy({ slowCallMs: 100, weights: { critical: 1, recoverable: 1, transient: 0.5, ignored: 0, slow: 0 } }),
    moments: [...PROBING, [1_100, succeeds(2, 1, 100), 'closed', { sum: 0 }]],
  },
]

/** Two failed probes of two, and it has given up: six changes. */
const BEFORE: { from: string; generation: number; at: number; moments: Moment[] }[] = [
  { from: 'closed', generation: 0, at: 1, moments: [[0, fails('transient'), 'closed', { sum: 0.5 }]] },
  { from: 'open', generation: 1, at: 10, moments: PROBING.slice(0, 1) },
  { from: 'half-open', generation: 2, at: 1_010, moments: PROBING },
  { from: 'open after a failed probe', generation: 3, at: 1_200, moments: GIVEN_UP.slice(0, 3) },
  { from: 'given up', generation: 5, at: 900_000_001, moments: GIVEN_UP },
  { from: 'forced open', generation: 1, at: 1, moments: [[0, OPEN, 'forcedOpen', { sum: 0 }]] },
  { from: 'disabled', generation: 1, at: 1, moments: [[0, DISABLE, 'disabled', { sum: 0 }]] },
]

/** What nothing but a further command leads out of. */
const nothing = (at: number, generation: number, status: BreakerStatus, sum: number, recoveryAttempts = 0): Moment[] =>
  [PASSED, PROBE, fails('critical', generation), succeeds(generation), fails('critical', generation - 1)].map(
    (event): Moment => [at + 400_000, event, status, { sum, recoveryAttempts }],
  )

export const COMMANDS: Sequence[] = BEFORE.flatMap(({ from, generation, at, moments }) => {
  const last = moments.at(-1)![3]
  const { sum, recoveryAttempts = 0 } = last
  const spec = touchy({ maxRecoveryAttempts: 2 })
  // Who is obeyed already does not change again.
  const after = (already: string) => generation + (from === already ? 0 : 1)
  const command = (event: BreakerRulesEvent, status: BreakerStatus, left: { sum: number; recoveryAttempts: number }): Moment => [
    at,
    event,
    status,
    left,
  ]
  const zero = { sum: 0, recoveryAttempts: 0 }
  return [
    {
      name: `forced open when it is ${from}: it stays that way`,
      spec,
      moments: [
        ...moments,
        command(OPEN, 'forcedOpen', { sum, recoveryAttempts }),
        command(OPEN, 'forcedOpen', { sum, recoveryAttempts }),
        ...nothing(at, after('forced open'), 'forcedOpen', sum, recoveryAttempts),
      ],
    },
    {
      name: `disabled when it is ${from}: it stays that way`,
      spec,
      moments: [
        ...moments,
        command(DISABLE, 'disabled', zero),
        command(DISABLE, 'disabled', zero),
        ...nothing(at, after('disabled'), 'disabled', 0),
      ],
    },
    {
      name: `reset when it is ${from}: it is as new`,
      spec,
      moments: [
        ...moments,
        command(RESET, 'closed', zero),
        [at, fails('critical', generation), 'closed', { sum: 0 }],
        [at, fails('critical', generation + 1), 'open', { sum: 1, probeAt: at + 1_000 }],
      ],
    },
  ]
})

export const BORN_DISABLED: Sequence = {
  name: 'where the plan asks for none it is disabled, until a command says otherwise',
  spec: touchy({}, { disabled: true }),
  moments: [
    [0, fails('critical'), 'disabled', { sum: 0 }],
    [0, PROBE, 'disabled', { sum: 0 }],
    [1, OPEN, 'forcedOpen', { sum: 0 }],
    [2, DISABLE, 'disabled', { sum: 0 }],
    [3, RESET, 'closed', { sum: 0 }],
    [4, fails('critical', 3), 'open', { sum: 1, probeAt: 1_004 }],
  ],
}
