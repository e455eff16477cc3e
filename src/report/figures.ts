import type { ChaosPlan } from '../plan.ts'
import type { ReportedError } from './reportedError.ts'

/** What was observed of one scenario of one variant: what every report is made of. Times in ms, ratios 0..1, missing is `null`. */
export interface ScenarioFigures {
  variant: string
  name: string
  status: 'pending' | 'running' | 'paused' | 'complete' | 'failed'
  reason: string | null
  size: number
  difficulty: string
  repetitions: number
  progressPct: number
  currentMilestone: number | null
  memoryPeakMb: number | null
  /** As the plan says. */
  memoryLimitMb: number | null
  /** Confirmed, over all repetitions. */
  items: number
  itemsFailed: number
  batches: number
  retries: number
  elapsedMs: number
  activeMs: number
  pausedMs: Record<'user' | 'database' | 'breaker' | 'barrier' | 'interrupted', number>
  /** Time in which at least one batch waited to be tried again, `Retry-After` included. */
  backoffMs: number
  cpuMs: number | null
  /** How many programs confirmed items: more than one where the skill's files changed between. */
  programs: number
  /** Means over items, by metric, as the skill returned them. */
  quality: Record<string, number> | null
  expectedQuality: number | null
  /** Share of `size` that may fail. */
  errorTolerance: number
  /**
   * What else than its size may tell scenarios apart. `input` in words: `uniform`, `zipf 1.1`, a file, a module. `programs`: numbers, within its
   * variant, of those that confirmed items; none where the plan says that all of them count as the same.
   */
  factors: { batchSize: number; parallel: number; input: string; params: Record<string, unknown>; programs: number[] }
  /** Without warm-up: what rates are made of. */
  timed: { activeMs: number; items: number }
  milestones: { repetition: number; pct: number; elapsedMs: number; activeMs: number; outcome: MilestoneOutcome | null }[]
  errors: { byClass: Record<'critical' | 'recoverable' | 'transient' | 'ignored', number>; last: ReportedError[] }
}

/** A variant whose files changed after the run began. */
export interface ProgramFigures {
  variant: string
  /** How many of them confirmed items. */
  programs: number
  /** What the plan gives as `version`: all of these programs have it, and so count as the same. `null`: nothing says so. */
  version: string | null
  /** Those that changed, relative to the skill. */
  files: string[]
}

/** The breaker in front of a variant's skill, now. */
export interface BreakerFigures {
  variant: string
  state: 'closed' | 'open' | 'halfOpen' | 'forcedOpen' | 'disabled'
  sum: number
  threshold: number
  /** Failed probes since it opened. */
  recoveryAttempts: number
  exhausted: boolean
  /** No call has succeeded, and all failed in the same way. Reports of 0.1.0 do not say. */
  neverWorked?: boolean
  /** Epoch ms. */
  probeAt: number | null
}

export interface MilestoneOutcome {
  kind: 'all' | 'without' | 'timed-out'
  missing: string[]
}

/** What was observed of one run. */
export interface RunFigures {
  run: string
  plan: string
  /** Where the plan was read from, as the user named it, if it is known. */
  planFile?: string | undefined
  status: ScenarioFigures['status']
  reason: string | null
  /** Epoch ms. */
  startedAt: number | null
  finishedAt: number | null
  /** From the start to the end, or to now, without the time in which no process worked on it; `null` before the start. */
  elapsedMs: number | null
  scenarios: ScenarioFigures[]
  /** As the scenarios handed them over. */
  claims: object[]
  /** What `synthesize` made of them, or why it could not. */
  synthesis: { value: unknown } | { error: string } | null
  /** The first failed attempt of each scenario that has any. */
  firstErrors: { variant: string; name: string; error: ReportedError }[]
  /** How often it began again by itself because all had failed. */
  recoveries: number
  breakers: BreakerFigures[]
  /** Variants whose files changed after the run began. */
  programs: ProgramFigures[]
  /** The class the user has written, which this version cannot measure yet. */
  expects: string | null
  sync: 'free' | 'milestone' | 'lockstep'
  order: 'parallel' | 'serial'
  /** The faults that the plan asked for; `null`: none. */
  chaos: ChaosPlan | null
  environment: { troupe: string; node: string; platform: string; cpus: number; database: string }
}
