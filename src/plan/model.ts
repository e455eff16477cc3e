import type { Difficulty, Durability, ErrorClass, GrowthClass, Order, Preset, ScalingName, SyncMode } from './schema.ts'
import type { SkillSpec } from './skillModel.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * A plan as everything but its reader sees it: flat JSON, every default filled in, every path absolute, every scenario complete.
 * Durations are in ms, memory in MB (2²⁰ bytes), ratios from 0 to 1.
 */
export interface Plan {
  name: string
  /** Absolute. What relative paths were resolved against. */
  directory: string
  variants: Record<string, SkillSpec>
  /** What the plan gives to scenarios without an input of their own. A scenario's real input is its own `input`. */
  input: InputSpec
  /** In order of size. */
  scenarios: ScenarioPlan[]
  /** `at` and `stepPct` in percent of a scenario's items. */
  sync: { mode: SyncMode; at: number[]; stepPct: number; timeoutMs: number }
  /** Percent, increasing; 0 and 100 are always there. */
  milestones: number[]
  order: Order
  warmupBatches: number
  repetitions: number
  retry: RetryPlan
  /** `null`: none. */
  breaker: BreakerPlan | null
  recovery: { attempts: number }
  /** `null` also where a TypeScript plan gives a function. */
  classify: { module: string; export: string } | null
  chaos: ChaosPlan | null
  /** What the plan gave as functions, by where they stand in it: it must be given again to go on. */
  functions: string[]
  durability: Durability
  /** Batches ahead of the durable one, with durability `pipelined`. */
  window: number
  maxResultBytes: number
  workers: { max: number }
  shutdownMs: number
  graceMs: number
  /** Names of environment variables; those that templates name are among them. */
  secrets: string[]
  /** What the user claims, and so decides the verdict. */
  expects: GrowthClass | null
  /** What the profile brings: a finding, never a verdict. `<n` is any class below n. */
  profileExpects: GrowthClass | '<n' | null
  preset: Preset
  scaling: ScalingName | 'custom'
  /** `null` also where a TypeScript plan gives a function: that one is kept apart, since a plan is JSON. */
  synthesize: { module: string; export: string } | null
  /** `null`: of a run that version 0.1.0 began. */
  written: Written | null
}

/** A plan as the user wrote it, without any default, and what the command line changed in it. It is stored with the run. */
export interface Written {
  plan: Record<string, Json>
  /** Names of its scenarios in their order, which a database does not keep; `null` where it writes none. */
  scenarios: string[] | null
  /** Of its variants, likewise. */
  variants: string[] | null
  overrides: PlanOverrides
}

export interface ScenarioPlan {
  name: string
  /** Items, at least 1. */
  size: number
  /** `size` in units of the plan's `baseSize`. */
  multiplier: number
  difficulty: Difficulty
  input: InputSpec
  batchSize: number
  /** Batches in flight at once. */
  parallel: number
  /** Of active time; `null`: no limit. */
  timeBudgetMs: number | null
  batchTimeoutMs: number
  memoryLimitMb: number
  /** Share of `size` that may fail. */
  errorTolerance: number
  expectedQuality: number | null
  metrics: string[]
  params: Record<string, Json>
}

/** `file` and `module` are absolute paths. `exponent` is there exactly with `zipf`. */
export type InputSpec =
  | { kind: 'generator'; generator: 'uniform' | 'skewed' | 'zipf'; seed: number; exponent?: number }
  | { kind: 'file'; file: string; columns?: string[]; delimiter?: string }
  | { kind: 'module'; module: string; export: string }

export interface RetryPlan {
  /** Of one batch, the first one included. */
  attempts: number
  backoffMs: number
  factor: number
  maxMs: number
  jitter: number
  on: ErrorClass[]
}

/** Rules of a circuit breaker. Weights are what a call adds to the sum. */
export interface BreakerPlan {
  threshold: number
  weights: Record<ErrorClass | 'slow', number>
  cooldownMs: number
  backoff: number
  maxCooldownMs: number
  jitter: number
  probes: number
  maxRecoveryAttempts: number
  /** At most one of the two windows is set. */
  windowMs: number | null
  windowCount: number | null
  minimumCalls: number
  slowCallMs: number | null
}

/** Faults of our own making. Rates are shares of calls and sum up to 1 at most. */
export interface ChaosPlan {
  seed: number
  failRate: number
  failClass: ErrorClass
  /** Least and most. */
  latencyMs: [number, number]
  hangRate: number
  crashRate: number
  /** `null`: all. */
  scenarios: string[] | null
}

/** What a command line changes in a plan. `size` replaces `baseSize`; `ladder` replaces the scenarios; `limit` cuts the sizes. */
export interface PlanOverrides {
  sync?: SyncMode
  order?: Order
  only?: string[]
  size?: number
  ladder?: boolean
  /** At most so many items of each scenario, whatever sizes the plan writes. */
  limit?: number
}
