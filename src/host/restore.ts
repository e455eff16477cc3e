import { createActor, transition, type Snapshot } from 'xstate'
import type { BarrierState } from '../machines/barrier.ts'
import { viewOf } from '../machines/breakerFacts.ts'
import { resumed } from '../machines/breakerRules.ts'
import { initialBreaker, type Breaker } from '../machines/breakerState.ts'
import { prove } from '../machines/breakerTrial.ts'
import { claimOf } from '../machines/claim.ts'
import { initialRunState, type RunSpec, type RunState } from '../machines/orchestratorState.ts'
import { breakerId } from '../machines/orchestratorBreakers.ts'
import { isRecoverable } from '../machines/orchestratorRecovery.ts'
import { barrierId, runStatusOf } from '../machines/orchestratorStep.ts'
import { scenarioMachine } from '../machines/scenario.ts'
import { frontier, isOutstanding } from '../machines/scenarioRules.ts'
import { initialState, type ErrorClass, type ScenarioSpec, type ScenarioState } from '../machines/scenarioState.ts'
import { addressOf, isFinal, statusOf } from '../machines/scenarioStep.ts'
import type { Settled } from '../machines/tally.ts'
import type { Store, StoredActor, StoredBatch, StoredBreaker, StoredEvent, StoredMilestone, Unconfirmed } from '../persistence/store.ts'
import { eventsUntil, replayBreakers, replayRun, replayScenario } from './replay.ts'
import { upcast } from './stored.ts'

/** A run as the store has it, ready to be started or looked at. */
export interface Restored {
  /** For `createActor(orchestratorMachine, { snapshot })`; `null` if the run never started. */
  snapshot: Snapshot<unknown> | null
  run: RunState
  scenarios: Record<string, ScenarioState>
  /** By variant. */
  breakers: Record<string, Breaker>
  /** From the last sign of life of whoever worked on it before until now. */
  interruption: Interruption
}

/** Time in which nobody worked on a run, epoch ms. */
export interface Interruption {
  since: number
  until: number
}

export interface RestoreOptions {
  store: Store
  spec: RunSpec
  /** The owner's last sign of life, on our clock, epoch ms. */
  seenAt: number
  now: number
  /** As it was at this sequence. */
  at?: number
}

/** Snapshots first, then the batches stored after them, folded in by the machine's own pure transition. */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { store, spec, at } = options
  const [actors, milestones, past, rows] = await Promise.all([
    store.actors(spec.run, at),
    store.milestones(spec.run),
    at === undefined ? null : eventsUntil(store, spec.run, at),
    at === undefined ? store.breakers(spec.run) : [],
  ])
  const newest = new Map(actors.map((stored) => [stored.actor, stored]))
  const stored = await Promise.all(spec.scenarios.map((s) => readScenario(options, s, newest.get(addressOf(s)), past)))
  // A batch that ended later than the owner's last sign of life is one itself, and so is a state that was stored later.
  const ends = stored.flatMap(({ batches }) => batches.map((b) => b.startedAt + b.activeMs))
  const changes = stored.map(({ state }) => state.since).filter((since) => since <= options.now)
  const lastSign = [...ends, ...changes].reduce((latest, sign) => Math.max(latest, sign), options.seenAt)
  const seenAt = Math.min(options.now, lastSign)
  const interruption = { since: seenAt, until: options.now }
  const scenarios = Object.fromEntries(stored.map((scenario) => [addressOf(scenario.state.spec), fold(scenario, seenAt, options.now)]))
  const row = newest.get('orchestrator')
  const orchestrator = row && upcast(row.machine, row.version, row.snapshot)
  const until = past === null ? Infinity : (past.at(-1)?.at ?? -Infinity)
  const run = restoreRun(spec, past ? stateAt(past, Object.values(scenarios)) : (orchestrator?.context ?? {}), milestones, until)
  const breakers = Object.fromEntries(
    (past ? replayBreakers(spec.breakers, past) : restoreBreakers(spec, rows, options.now)).map((b) => [
      b.spec.variant,
      proven(b, scenarios),
    ]),
  )
  run.breakers = mapValues(breakers, viewOf)
  if (run.startedAt === null) return { snapshot: null, run, scenarios, breakers, interruption }
  for (const [address, s] of Object.entries(scenarios)) run.members[address] = memberOf(s)
  // A fork of the moment before the run's own end: it ended with its last scenario, unless it is about to recover.
  if (isFinal(runStatusOf(run)) && !isRecoverable(run)) run.finishedAt ??= Math.max(...Object.values(scenarios).map(({ since }) => since))
  if (past) run.idleMs += interruptedMs(past, Object.values(scenarios), run.finishedAt === null ? options.now - seenAt : 0)
  // Less than nothing where the clock was set back since: the run goes on where it was.
  const lastAt = stored.reduce((latest, { state }) => Math.max(latest, state.since), lastSign)
  if (past === null && run.finishedAt === null) run.idleMs += options.now - (lastAt > options.now ? lastAt : seenAt)
  const barriers = restoreBarriers(actors, run, seenAt)
  run.barriers = Object.values(barriers).map(({ repetition, pct }) => ({ repetition, pct }))
  const children = {
    ...mapValues(scenarios, (state) => child('scenario', statusOf(state), state)),
    ...mapValues(barriers, (state) => child('barrier', 'stopped', state)),
    ...Object.fromEntries(Object.values(breakers).map((b) => [breakerId(b.spec.variant), child('breaker', b.status, b)])),
  }
  const value = past ? runStatusOf(run) : (orchestrator?.value ?? 'running')
  return { snapshot: persisted(value, run, children), run, scenarios, breakers, interruption }
}

interface ScenarioRows {
  value: string
  state: ScenarioState
  batches: StoredBatch[]
  /** `null` where nothing can have been stored since. */
  unconfirmed: Unconfirmed | null
}

async function readScenario(
  { store, spec: { run }, at }: RestoreOptions,
  spec: ScenarioSpec,
  stored: StoredActor | undefined,
  past: readonly StoredEvent[] | null,
): Promise<ScenarioRows> {
  const snapshot = stored && upcast(stored.machine, stored.version, stored.snapshot)
  const newest = { ...initialState(spec), ...snapshot?.context, spec }
  const own = past?.filter(({ actor, type }) => actor === addressOf(spec) || type === 'run.recovering' || type === 'run.interrupted')
  const state = own ? replayScenario(newest, own) : newest
  const value = own ? statusOf(state) : (snapshot?.value ?? 'pending')
  // In a later round no milestone is new: how it ended may be known from its events and its batches alone.
  const hasEnded = isFinal(statusOf(state)) && isFinal(statusOf(newest)) && newest.round === state.round
  if (state.startedAt === null || hasEnded) return { value, state, batches: [], unconfirmed: null }
  const { repetition, round, firstRound } = state
  const ref = { variant: spec.variant, scenario: spec.name, repetition, round, firstRound }
  const from = frontier(state)
  const [batches, unconfirmed] = await Promise.all([
    store.batchesFrom(run, ref, from, at),
    store.unconfirmed(run, ref, { size: spec.size, from, at }),
  ])
  return { value, state, batches: batches.filter((b) => isOutstanding(state, b.from)), unconfirmed }
}

function fold({ value, state, batches, unconfirmed }: ScenarioRows, seenAt: number, now: number): ScenarioState {
  if (!unconfirmed) return withDatabase(state)
  const snapshot = createActor(scenarioMachine, { input: state.spec, snapshot: persisted(value, state) }).getSnapshot()
  const event = {
    type: 'batches.recovered' as const,
    stored: batches.map(settledOf),
    activeMs: unionMs(batches),
    unconfirmed,
    seenAt,
    at: now,
  }
  const [next] = transition(scenarioMachine, snapshot, event)
  return withDatabase(next.context)
}

/** That it can be read shows that it is back. */
const withDatabase = (state: ScenarioState): ScenarioState => ({
  ...state,
  pausedBy: state.pausedBy.filter((reason) => reason !== 'database'),
})

function settledOf({ from, items, attempt, outcome, errorClass, itemErrors, processed, quality }: StoredBatch): Settled {
  const errors: Settled['errors'] = errorClass && !itemErrors ? { [errorClass]: attempt } : {}
  const alone = Object.values(itemErrors ?? {})
  for (const error of alone) errors[error.class as ErrorClass] = (errors[error.class as ErrorClass] ?? 0) + error.attempt
  const failed = outcome === 'failed'
  const counts = { failed, ...(!failed && alone.length > 0 && { failedAlone: alone.length }) }
  return { from, items, ...counts, processed, retries: attempt - 1, errors, quality, memoryPeakMb: null }
}

/** Length of the union of the batches' times in the skill, ms. */
export function unionMs(batches: readonly { startedAt: number; activeMs: number }[]): number {
  let covered = -Infinity
  let sum = 0
  for (const { startedAt, activeMs } of [...batches].sort((a, b) => a.startedAt - b.startedAt)) {
    const end = startedAt + activeMs
    sum += Math.max(0, end - Math.max(startedAt, covered))
    covered = Math.max(covered, end)
  }
  return sum
}

function restoreRun(spec: RunSpec, stored: Partial<RunState>, milestones: readonly StoredMilestone[], until: number): RunState {
  const initial = initialRunState(spec)
  const run = { ...initial, ...stored, spec, barriers: [], released: [...initial.released], reached: [...initial.reached] } as RunState
  run.pausedBy = run.pausedBy.filter((reason) => reason !== 'database')
  for (const { repetition, pct, reachedAt, releasedAt, outcome } of milestones) {
    if (outcome === null && reachedAt <= until) run.reached[repetition - 1] = Math.max(run.reached[repetition - 1] ?? -1, pct)
    if (releasedAt !== null && releasedAt <= until) run.released[repetition - 1] = Math.max(run.released[repetition - 1] ?? 0, pct)
  }
  return run
}

const memberOf = (s: ScenarioState): RunState['members'][string] => ({
  status: statusOf(s),
  reason: s.reason,
  pausedBy: s.pausedBy,
  repetition: s.repetition,
  pct: s.repetitions[s.repetition - 1]!.milestone,
})

/** A run's own row is rewritten in place: as it was earlier follows from its events and its scenarios. */
function stateAt(past: readonly StoredEvent[], scenarios: readonly ScenarioState[]): Partial<RunState> {
  const ended = scenarios.filter((state) => isFinal(statusOf(state)))
  return {
    ...replayRun(past),
    claims: Object.fromEntries(ended.map((state) => [addressOf(state.spec), claimOf(state)])),
  }
}

/**
 * The time in which nobody owned a run. Events tell of it, and of none since the last one; in runs of earlier versions only the scenarios do, each of
 * what came after its beginning.
 */
function interruptedMs(past: readonly StoredEvent[], scenarios: readonly ScenarioState[], sinceThen: number): number {
  const told = past
    .filter(({ type }) => type === 'run.interrupted')
    .reduce((sum, { data }) => sum + Number(data.until) - Number(data.since), 0)
  return Math.max(told + sinceThen, ...scenarios.map(({ spent }) => spent.interrupted))
}

/** Those whose release is not stored. Their clocks stood while nobody owned the run; `run.resume` starts them again. */
function restoreBarriers(actors: readonly StoredActor[], run: RunState, seenAt: number): Record<string, BarrierState> {
  const open: Record<string, BarrierState> = {}
  for (const { actor, machine, version, snapshot } of actors) {
    if (machine !== 'barrier') continue
    const { value, context } = upcast(machine, version, snapshot)
    const state = context as unknown as BarrierState
    if (run.released[state.repetition - 1]! >= state.pct) continue
    // Version 0.1.0 called it otherwise: what has been stored since goes before.
    if (actor !== barrierId(state) && actors.some((other) => other.actor === barrierId(state))) continue
    const leftMs = value === 'waiting' ? Math.max(0, state.deadlineAt - seenAt) : state.leftMs
    // A fork has the barriers of the run that it was taken from.
    open[barrierId(state)] = { ...state, run: run.spec.run, leftMs, outcome: null }
  }
  return open
}

/** Their rows hold what differs from the beginning. A probe that was under way died with its process. */
function restoreBreakers({ breakers }: RunSpec, rows: readonly StoredBreaker[], now: number): Breaker[] {
  return breakers.map((spec) => {
    const row = rows.find(({ variant }) => variant === spec.variant)
    return resumed({ ...initialBreaker(spec), ...(row && upcast('breaker', row.version, row.state).context), spec }, now)
  })
}

/** What is confirmed shows that the skill has worked, whatever its breaker had told. */
function proven(b: Breaker, scenarios: Record<string, ScenarioState>): Breaker {
  const own = Object.values(scenarios).filter(({ spec }) => spec.variant === b.spec.variant)
  return own.some(({ repetitions }) => repetitions.some(({ settled, failed }) => settled > failed)) ? prove(b) : b
}

const persisted = (value: string, context: object, children: object = {}) =>
  structuredClone({
    status: 'active',
    value,
    historyValue: {},
    context,
    children,
    output: undefined,
    error: undefined,
  }) as unknown as Snapshot<unknown>

const child = (src: string, value: string, context: object) => ({ src, syncSnapshot: false, snapshot: persisted(value, context) })

const mapValues = <V, R>(record: Record<string, V>, map: (value: V) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
