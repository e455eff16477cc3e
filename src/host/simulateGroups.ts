import { isDeepStrictEqual } from 'node:util'
import { randomBySeed, type RandomAt } from '../input/random.ts'
import { claimOf } from '../machines/claim.ts'
import { orderlySchedule, randomSchedule, type Finished } from './groupSchedule.ts'
import { initialRunState, type RunEvent, type RunFact, type RunSpec, type RunState } from '../machines/orchestratorState.ts'
import { orchestratorStep, runReasonOf, runStatusOf } from '../machines/orchestratorStep.ts'
import { initialState, type ScenarioSpec } from '../machines/scenarioState.ts'
import { addressOf, isFinal } from '../machines/scenarioStep.ts'

export interface GroupsOptions {
  groups: number
  workers: number
  /** Probability that a group fails, 0 to 1. */
  fail: number
  seed: number
  schedules: number
}

export interface SimulatedGroups extends GroupsOptions {
  /** Those of the orderly schedule. */
  claims: number
  results: number
  diagnostics: number
  /** Every schedule left one claim of each group, and the same aggregate as the orderly one. */
  same: boolean
  /** What was broken, in sentences; empty where all is well. */
  broken: string[]
  /** The first random schedule, in the order in which its groups ended. */
  shown: (Finished & { name: string; claim: 'result' | 'diagnostic' | null })[]
}

/** The rules that aggregate; a test gives broken ones. */
export type Aggregator = typeof orchestratorStep

const ITEMS = 10

/**
 * Lets parallel groups end in random orders, and looks what the real aggregation makes of it: whether each leaves exactly one claim, and
 * whether all come to the same. The same options give the same simulation.
 */
export function simulateGroups(options: GroupsOptions, step: Aggregator = orchestratorStep): SimulatedGroups {
  const { groups, workers, fail, seed, schedules } = options
  const random = randomBySeed(seed)
  const spec = specOf(groups)
  // Which groups fail does not depend on the schedule, or no two would come to the same.
  const failing = spec.scenarios.map((_, group) => random(group, 3) < fail)
  const orderly = aggregate(spec, failing, orderlySchedule(groups), step)
  const first = randomSchedule(groups, workers, 0, random)
  const runs = Array.from({ length: schedules }, (_, i) => aggregate(spec, failing, scheduleAt(i, first, options, random), step))
  const broken = [orderly, ...runs].flatMap((run, i) => complaints(run, orderly, failing, i === 0 ? 'in order' : `schedule ${i}`))
  const claims = Object.values(orderly.state.claims)
  const firstClaims = runs[0]?.state.claims ?? {}
  return {
    ...options,
    claims: claims.length,
    results: claims.filter(({ kind }) => kind === 'result').length,
    diagnostics: claims.filter(({ kind }) => kind === 'diagnostic').length,
    same: broken.length === 0,
    broken,
    shown: first.map((finished) => {
      const group = spec.scenarios[finished.group]!
      return { ...finished, name: group.name, claim: firstClaims[addressOf(group)]?.kind ?? null }
    }),
  }
}

function scheduleAt(i: number, first: Finished[], { groups, workers }: GroupsOptions, random: RandomAt): Finished[] {
  return i === 0 ? first : randomSchedule(groups, workers, i, random)
}

function specOf(groups: number): RunSpec {
  const scenarios = Array.from(
    { length: groups },
    (_, i): ScenarioSpec => ({
      run: 'simulated',
      variant: 'default',
      name: `group-${i + 1}`,
      size: ITEMS,
      batchSize: ITEMS,
      milestones: [0, 100],
      barriers: [],
      repetitions: 1,
      warmupBatches: 0,
      errorTolerance: 0,
      timeBudgetMs: null,
    }),
  )
  return { run: 'simulated', scenarios, order: 'parallel', breakers: [], recoveryAttempts: 0, barrierTimeoutMs: 0 }
}

interface Aggregate {
  state: RunState
  /** How often the run was said to have ended. */
  ends: number
  /** The first moment at which there were not as many claims as groups that had ended. */
  astray: string | null
}

/** What the rules make of the messages of one schedule, in the order of time. */
function aggregate(spec: RunSpec, failing: readonly boolean[], schedule: readonly Finished[], step: Aggregator): Aggregate {
  let state = step(initialRunState(spec), { type: 'run.start', at: 0 }).state
  const ended = new Set<number>()
  const facts: RunFact[] = []
  let astray: string | null = null
  for (const { group, event } of messagesOf(spec, failing, schedule)) {
    const next = step(state, event)
    state = next.state
    facts.push(...next.facts)
    if (group !== null) ended.add(group)
    const claims = Object.keys(state.claims).length
    if (claims !== ended.size) astray ??= `${claims} claims of ${ended.size} ended groups at ${event.at} ms`
  }
  return { state, ends: facts.filter(({ type }) => type === 'run.completed' || type === 'run.failed').length, astray }
}

/** `group`: which has ended with it. */
function messagesOf(
  spec: RunSpec,
  failing: readonly boolean[],
  schedule: readonly Finished[],
): { group: number | null; event: RunEvent }[] {
  const messages = schedule.flatMap(({ group, startedAt, endedAt, againAt }) => {
    const of = spec.scenarios[group]!
    const scenario = addressOf(of)
    const end = (at: number) => ({ group, event: changed(of, failing[group]!, at) })
    return [
      {
        group: null,
        event: {
          type: 'scenario.changed' as const,
          scenario,
          status: 'running' as const,
          reason: null,
          pausedBy: [],
          claim: null,
          at: startedAt,
        },
      },
      end(endedAt),
      ...(againAt === null ? [] : [end(againAt)]),
    ]
  })
  return messages.toSorted((a, b) => a.event.at - b.event.at)
}

/** What a scenario says at its end, with the claim that it hands over. */
function changed(spec: ScenarioSpec, fails: boolean, at: number): RunEvent & { type: 'scenario.changed' } {
  const reason = fails ? ('errors' as const) : null
  const repetitions = [{ settled: ITEMS, failed: fails ? ITEMS : 0, milestone: 100, released: 0 }]
  const claim = claimOf({ ...initialState(spec), repetitions, batches: 1, reason, done: true })
  return { type: 'scenario.changed', scenario: addressOf(spec), status: fails ? 'failed' : 'complete', reason, pausedBy: [], claim, at }
}

function complaints(run: Aggregate, orderly: Aggregate, failing: readonly boolean[], name: string): string[] {
  const { state, ends, astray } = run
  const lacking = state.spec.scenarios.filter((group, i) => state.claims[addressOf(group)]?.kind !== (failing[i] ? 'diagnostic' : 'result'))
  return [
    ...(astray === null ? [] : [astray]),
    ...lacking.map((group) => `${group.name} has left no claim of its own end`),
    ...(isFinal(runStatusOf(state)) ? [] : ['the run has not ended']),
    ...(ends === 1 ? [] : [`the run has ended ${ends} times`]),
    ...(isDeepStrictEqual(outcomeOf(state), outcomeOf(orderly.state)) ? [] : ['the aggregate is not that of the orderly schedule']),
  ].map((complaint) => `${name}: ${complaint}`)
}

/** What a report is made of: the claims in the order of the plan, and how the run ended. */
const outcomeOf = (state: RunState) => ({
  status: runStatusOf(state),
  reason: runReasonOf(state),
  claims: state.spec.scenarios.map((group) => state.claims[addressOf(group)]),
})
