import { compare, type Comparison } from './comparison.ts'
import { diagnose, type Diagnosis } from './diagnosis.ts'
import type { BreakerFigures, ProgramFigures, MilestoneOutcome, RunFigures, ScenarioFigures } from './figures.ts'
import { metricsOf, qualityOf } from './metrics.ts'
import type { ReportedError } from './reportedError.ts'
import { verdictOf, type Verdict } from './verdict.ts'

/**
 * What a run came to, or has come to so far: flat JSON, the one object that every format is made of.
 * Times in ms, instants in epoch ms, ratios 0..1; what is not known is `null`, never 0.
 */
export interface Report {
  schema: 1
  run: string
  /** Its name. */
  plan: string
  status: RunFigures['status']
  reason: string | null
  verdict: Verdict
  /** In the order of the plan. */
  scenarios: ScenarioReport[]
  comparison: Comparison
  /** Not measured by this version, like `cost`. */
  growth: null
  cost: null
  thresholds: never[]
  recommendations: never[]
  /** Why it failed, if it did. */
  diagnosis: Diagnosis | null
  /** How often it began again by itself, with less load, because all had failed. */
  recoveries: number
  breakers: BreakerFigures[]
  /** Variants of which more than one program confirmed items: files of the skill changed after the run began. `null`: not known. */
  programs: ProgramFigures[] | null
  /** As the scenarios handed them over. */
  claims: object[]
  /** What `synthesize` made of the claims, or why it could not. */
  synthesis: RunFigures['synthesis']
  /** What was broken on purpose, as the plan says; `null`: nothing. */
  chaos: RunFigures['chaos']
  environment: RunFigures['environment']
  startedAt: number | null
  finishedAt: number | null
  /** Without the time in which no process worked on the run; `null` before its start. */
  elapsedMs: number | null
  /** Made before the run had ended. */
  partial: boolean
}

export interface ScenarioReport {
  variant: string
  name: string
  status: ScenarioFigures['status']
  /** Why it failed, or what it waits for. */
  reason: string | null
  size: number
  /** The label that the skill saw; `null` in reports of 0.1.0, which gave it none. */
  difficulty: string | null
  repetitions: number
  progressPct: number
  currentMilestone: number | null
  memoryPeakMb: number | null
  /** Confirmed, over all repetitions. */
  items: number
  itemsFailed: number
  batches: number
  retries: number
  elapsedMs: number
  activeMs: number
  pausedMs: ScenarioFigures['pausedMs']
  /** In backoff before another attempt, `Retry-After` included: time of a union over lanes, in which the scenario is running. `null`: not measured. */
  backoffMs: number | null
  /** How many programs confirmed its items; `null`: not known. */
  programs: number | null
  /** `qualityOf` says how it is made of what the skill returned; `metrics` has that itself. */
  quality: number | null
  expectedQuality: number | null
  metrics: Record<string, number | null>
  milestones: { repetition: number; pct: number; elapsedMs: number; activeMs: number; outcome: MilestoneOutcome | null }[]
  /** `last`: failed attempts, oldest first, at most 100 of the whole run. */
  errors: { byClass: ScenarioFigures['errors']['byClass']; last: ReportedError[] }
}

export function makeReport(figures: RunFigures): Report {
  const { run, plan, status, reason, scenarios, claims, synthesis, chaos, environment, startedAt, finishedAt, elapsedMs } = figures
  return {
    schema: 1,
    run,
    plan,
    status,
    reason,
    verdict: verdictOf(figures),
    scenarios: scenarios.map(scenarioReport),
    comparison: compare(figures),
    growth: null,
    cost: null,
    thresholds: [],
    recommendations: [],
    diagnosis: diagnose(figures),
    recoveries: figures.recoveries,
    breakers: figures.breakers,
    programs: figures.programs.filter(({ programs }) => programs > 1),
    claims,
    synthesis,
    chaos,
    environment,
    startedAt,
    finishedAt,
    elapsedMs,
    partial: finishedAt === null,
  }
}

function scenarioReport(scenario: ScenarioFigures): ScenarioReport {
  return {
    variant: scenario.variant,
    name: scenario.name,
    status: scenario.status,
    reason: scenario.reason,
    size: scenario.size,
    difficulty: scenario.difficulty,
    repetitions: scenario.repetitions,
    progressPct: scenario.progressPct,
    currentMilestone: scenario.currentMilestone,
    memoryPeakMb: scenario.memoryPeakMb,
    items: scenario.items,
    itemsFailed: scenario.itemsFailed,
    batches: scenario.batches,
    retries: scenario.retries,
    elapsedMs: scenario.elapsedMs,
    activeMs: scenario.activeMs,
    pausedMs: scenario.pausedMs,
    backoffMs: scenario.backoffMs,
    programs: scenario.programs,
    quality: qualityOf(scenario),
    expectedQuality: scenario.expectedQuality,
    metrics: metricsOf(scenario),
    milestones: scenario.milestones,
    errors: scenario.errors,
  }
}
