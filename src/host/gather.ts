import { availableParallelism } from 'node:os'
import type { Breaker } from '../machines/breakerState.ts'
import { neverWorked } from '../machines/breakerTrial.ts'
import { means } from '../machines/claim.ts'
import type { RunState } from '../machines/orchestratorState.ts'
import { runReasonOf, runStatusOf } from '../machines/orchestratorStep.ts'
import { elapsedMs, progressPct } from '../machines/scenarioRules.ts'
import type { ScenarioState } from '../machines/scenarioState.ts'
import { addressOf, statusOf } from '../machines/scenarioStep.ts'
import type { Store, StoredEvent } from '../persistence/store.ts'
import type { InputSpec, Plan } from '../plan.ts'
import type { BreakerFigures, ProgramFigures, RunFigures, ScenarioFigures } from '../report/figures.ts'
import type { ReportedError } from '../report/reportedError.ts'
import type { ReportRows } from './reportRows.ts'
import type { StoredPrograms } from './skillChanges.ts'
import { version } from './version.ts'

const LAST_ERRORS = 100

/** What a report is made of: the states of a run's actors, and the rows behind them. */
export interface ReportStates {
  run: RunState
  scenarios: Record<string, ScenarioState>
  breakers: Record<string, Breaker>
  rows: ReportRows
}

/** Collects what is known of a run, at any moment of it: its states, and the rows behind them. */
export async function gather(
  store: Store,
  plan: Plan,
  shown: string,
  { run, scenarios, breakers, rows }: ReportStates,
  now: number,
): Promise<RunFigures> {
  const id = run.spec.run
  // Attempts at batches that were never settled are counted nowhere else.
  const hasMoved = Object.values(breakers).some(({ generation }) => generation > 0)
  const failed =
    hasMoved || Object.values(scenarios).some(({ errors, reason }) => reason !== null || Object.values(errors).some((n) => n > 0))
  const [errors, firstErrors, backoffs] = failed
    ? await Promise.all([store.errors(id, LAST_ERRORS), store.firstErrors(id), store.backoffs(id)])
    : [[], [], []]
  return {
    run: id,
    plan: plan.name,
    status: runStatusOf(run),
    reason: runReasonOf(run) ?? run.pausedBy[0] ?? null,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    elapsedMs: run.startedAt === null ? null : (run.finishedAt ?? now) - run.startedAt - run.idleMs,
    scenarios: Object.values(scenarios).map((state) => scenarioFigures(plan, state, { ...rows, errors, backoffs }, now)),
    claims: run.spec.scenarios.flatMap((s) => run.claims[addressOf(s)] ?? []),
    synthesis: null,
    firstErrors: run.spec.scenarios.flatMap(({ variant, name }) => {
      const first = firstErrors.find(({ actor }) => actor === `${variant}/${name}`)
      return first ? [{ variant, name, error: reportedError(first) }] : []
    }),
    programs: rows.programs.map((of) => programFigures(plan, of)),
    recoveries: run.recoveries,
    breakers: Object.values(breakers).map(breakerFigures),
    expects: plan.expects,
    sync: plan.sync.mode,
    order: plan.order,
    chaos: plan.chaos ?? null,
    environment: {
      troupe: version(),
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      cpus: availableParallelism(),
      database: shown,
    },
  }
}

const programFigures = (plan: Plan, { variant, files, scenarios }: StoredPrograms): ProgramFigures => ({
  variant,
  programs: new Set(scenarios.map(({ program }) => program)).size,
  version: plan.variants[variant]?.version ?? null,
  files,
})

function breakerFigures(breaker: Breaker): BreakerFigures {
  const { spec, status, sum, recoveryAttempts, exhausted, probeAt } = breaker
  const { threshold } = spec.options
  return { variant: spec.variant, state: status, sum, threshold, recoveryAttempts, exhausted, neverWorked: neverWorked(breaker), probeAt }
}

function scenarioFigures(
  plan: Plan,
  s: ScenarioState,
  rows: ReportRows & { errors: StoredEvent[]; backoffs: { actor: string; ms: number }[] },
  now: number,
): ScenarioFigures {
  const { variant, name, size, repetitions } = s.spec
  const is = (row: { variant: string; scenario: string }) => row.variant === variant && row.scenario === name
  const sums = rows.sums.filter(is)
  const settled = s.repetitions.reduce((sum, r) => sum + r.settled, 0)
  const itemsFailed = s.repetitions.reduce((sum, r) => sum + r.failed, 0)
  const milestone = s.repetitions[s.repetition - 1]!.milestone
  const made = rows.programs.find((of) => of.variant === variant)?.scenarios.filter(({ scenario }) => scenario === name) ?? []
  const planned = plan.scenarios.find((scenario) => scenario.name === name)!
  const { interrupted, user, database, breaker, barrier } = s.spent
  return {
    variant,
    name,
    status: statusOf(s),
    reason: s.reason ?? s.pausedBy[0] ?? null,
    size,
    difficulty: planned.difficulty,
    repetitions,
    progressPct: progressPct(s),
    currentMilestone: milestone < 0 ? null : milestone,
    memoryPeakMb: s.memoryPeakMb,
    memoryLimitMb: planned.memoryLimitMb,
    items: settled - itemsFailed,
    itemsFailed,
    batches: s.batches,
    retries: s.retries,
    elapsedMs: elapsedMs(s, now),
    activeMs: s.activeMs,
    pausedMs: { user, database, breaker, barrier, interrupted },
    backoffMs: rows.backoffs.find(({ actor }) => actor === `${variant}/${name}`)?.ms ?? 0,
    cpuMs: sums.every(({ cpuMs }) => cpuMs === null) ? null : sums.reduce((sum, { cpuMs }) => sum + (cpuMs ?? 0), 0),
    programs: new Set(made.map(({ program }) => program)).size || (settled > itemsFailed ? 1 : 0),
    quality: means(s.quality),
    expectedQuality: planned.expectedQuality,
    errorTolerance: planned.errorTolerance,
    factors: {
      batchSize: planned.batchSize,
      parallel: planned.parallel,
      input: inputText(planned.input),
      params: planned.params,
      programs: plan.variants[variant]?.version == null ? [...new Set(made.map(({ program }) => program))].toSorted((a, b) => a - b) : [],
    },
    timed: { activeMs: sums.reduce((sum, r) => sum + r.timedActiveMs, 0), items: sums.reduce((sum, r) => sum + r.timedItems, 0) },
    milestones: rows.checkpoints.filter(is).map(({ repetition, milestonePct, elapsedMs, activeMs }) => {
      const across = rows.milestones.find((m) => m.repetition === repetition && m.pct === milestonePct)
      const outcome = across?.outcome ? { kind: across.outcome, missing: across.missing } : null
      return { repetition, pct: milestonePct, elapsedMs, activeMs, outcome }
    }),
    errors: { byClass: s.errors, last: rows.errors.filter((event) => event.actor === `${variant}/${name}`).map(reportedError) },
  }
}

/** Not its seed: that makes other items of the same kind. */
function inputText(input: InputSpec): string {
  if (input.kind === 'generator') return [input.generator, ...(input.exponent === undefined ? [] : [input.exponent])].join(' ')
  return input.kind === 'file' ? input.file : `${input.module} ${input.export}`
}

/** Of an event that tells of a failed attempt. `from`, `items`: of its batch. `failed`, `numbers`: of items that failed alone. */
interface FailureData {
  repetition: number
  batch: number
  from?: number
  items: number
  failed?: number
  numbers?: number[]
  error: Omit<ReportedError, 'repetition' | 'batch'>
}

function reportedError({ data }: StoredEvent): ReportedError {
  const { repetition, batch, from, items, failed, numbers, error } = data as unknown as FailureData
  return {
    ...{ ...error, repetition, batch },
    ...(from !== undefined && !numbers && { range: [from, from + items] as const }),
    ...(numbers && { items: failed, itemNumbers: numbers }),
  }
}
