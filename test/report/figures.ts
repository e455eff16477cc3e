import type { RunFigures, ScenarioFigures } from '../../src/report/figures.ts'

/** A complete scenario of 100 items; a test says what it is about. */
export const scenario = (given: Partial<ScenarioFigures> = {}): ScenarioFigures => ({
  variant: 'default',
  name: 'simple',
  status: 'complete',
  reason: null,
  size: 100,
  repetitions: 1,
  progressPct: 100,
  currentMilestone: 100,
  memoryPeakMb: 80.5,
  items: 100,
  itemsFailed: 0,
  batches: 10,
  retries: 0,
  elapsedMs: 5000,
  activeMs: 4000,
  pausedMs: { user: 0, database: 0, breaker: 0, barrier: 0, interrupted: 0 },
  cpuMs: 12,
  quality: null,
  expectedQuality: null,
  errorTolerance: 0,
  factors: { batchSize: 10, parallel: 1, input: 'uniform', params: {} },
  timed: { activeMs: 3600, items: 90 },
  milestones: [],
  errors: { byClass: { critical: 0, recoverable: 0, transient: 0, ignored: 0 }, last: [] },
  ...given,
})

/** An ended run of these scenarios. */
export const run = (scenarios: ScenarioFigures[], given: Partial<RunFigures> = {}): RunFigures => ({
  run: 'demo-1',
  plan: 'demo',
  status: scenarios.some(({ status }) => status === 'failed') ? 'failed' : 'complete',
  reason: null,
  startedAt: 1_000_000,
  finishedAt: 1_005_000,
  scenarios,
  claims: [],
  synthesis: null,
  expects: null,
  sync: 'free',
  order: 'parallel',
  chaos: null,
  environment: { troupe: '0.1.0', node: 'v24.0.0', platform: 'linux x64', cpus: 2, database: 'embedded' },
  ...given,
})
