import { createActor, transition, type Snapshot } from 'xstate'
import type { BarrierState } from '../machines/barrier.ts'
import { initialRunState, type RunSpec, type RunState } from '../machines/orchestratorState.ts'
import { barrierId } from '../machines/orchestratorStep.ts'
import { scenarioMachine } from '../machines/scenario.ts'
import { frontier, isOutstanding, type Settled } from '../machines/scenarioRules.ts'
import { initialState, type ScenarioSpec, type ScenarioState } from '../machines/scenarioState.ts'
import { addressOf, isFinal, statusOf } from '../machines/scenarioStep.ts'
import type { Store, StoredActor, StoredBatch, StoredMilestone, Unconfirmed } from '../persistence/store.ts'
import { upcast } from './stored.ts'

/** A run as the store has it, ready to be started or looked at. */
export interface Restored {
  /** For `createActor(orchestratorMachine, { snapshot })`; `null` if the run never started. */
  snapshot: Snapshot<unknown> | null
  run: RunState
  scenarios: Record<string, ScenarioState>
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
  const [actors, milestones] = await Promise.all([store.actors(spec.run, at), store.milestones(spec.run)])
  const newest = new Map(actors.map((stored) => [stored.actor, stored]))
  const stored = await Promise.all(spec.scenarios.map((s) => readScenario(options, s, newest.get(addressOf(s)))))
  // A batch that ended later than the owner's last sign of life is one itself.
  const ends = stored.flatMap(({ batches }) => batches.map((b) => b.startedAt + b.activeMs))
  const seenAt = Math.min(
    options.now,
    ends.reduce((latest, end) => Math.max(latest, end), options.seenAt),
  )
  const scenarios = Object.fromEntries(stored.map((scenario) => [addressOf(scenario.state.spec), fold(scenario, seenAt, options.now)]))
  const row = newest.get('orchestrator')
  const orchestrator = row && upcast(row.machine, row.version, row.snapshot)
  const until = at === undefined ? Infinity : await instantOf(store, spec.run, at)
  const state = orchestrator?.context ?? stateAfter(Object.values(scenarios))
  const run = restoreRun(spec, state, milestones, until)
  if (run.startedAt === null) return { snapshot: null, run, scenarios }
  for (const [address, s] of Object.entries(scenarios)) run.members[address] = memberOf(s)
  const barriers = restoreBarriers(actors, run, seenAt)
  run.barriers = Object.values(barriers).map(({ repetition, pct }) => ({ repetition, pct }))
  const children = {
    ...mapValues(scenarios, (state) => child('scenario', statusOf(state), state)),
    ...mapValues(barriers, (state) => child('barrier', 'stopped', state)),
  }
  return { snapshot: persisted(orchestrator?.value ?? 'running', run, children), run, scenarios }
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
): Promise<ScenarioRows> {
  if (!stored) return { value: 'pending', state: initialState(spec), batches: [], unconfirmed: null }
  const { value, context } = upcast(stored.machine, stored.version, stored.snapshot)
  const state = { ...initialState(spec), ...context, spec }
  if (state.startedAt === null || isFinal(statusOf(state))) return { value, state, batches: [], unconfirmed: null }
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

function settledOf(b: StoredBatch): Settled & { from: number } {
  const { batch, from, items, processed, quality, startedAt, activeMs, errorClass } = b
  const errors = errorClass ? { [errorClass]: b.attempt } : {}
  return {
    batch,
    from,
    items,
    processed,
    quality,
    failed: b.outcome === 'failed',
    retries: b.attempt - 1,
    errors,
    memoryPeakMb: null,
    activeMs,
    at: startedAt + activeMs,
  }
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

/** A run's own row is rewritten in place: as it was earlier follows from its scenarios, which say the rest themselves when they go on. */
function stateAfter(scenarios: readonly ScenarioState[]): Partial<RunState> {
  const begun = scenarios.filter(({ startedAt }) => startedAt !== null)
  if (begun.length === 0) return {}
  const unfinished = begun.filter((state) => !isFinal(statusOf(state)))
  const paused = unfinished.length > 0 && unfinished.every(({ pausedBy }) => pausedBy.includes('user'))
  return { startedAt: Math.min(...begun.map(({ startedAt }) => startedAt!)), pausedBy: paused ? ['user'] : [] }
}

/** Those whose release is not stored. Their clocks stood while nobody owned the run; `run.resume` starts them again. */
function restoreBarriers(actors: readonly StoredActor[], run: RunState, seenAt: number): Record<string, BarrierState> {
  const open: Record<string, BarrierState> = {}
  for (const { machine, version, snapshot } of actors) {
    if (machine !== 'barrier') continue
    const { value, context } = upcast(machine, version, snapshot)
    const state = context as unknown as BarrierState
    if (run.released[state.repetition - 1]! >= state.pct) continue
    const leftMs = value === 'waiting' ? Math.max(0, state.deadlineAt - seenAt) : state.leftMs
    open[barrierId(state)] = { ...state, leftMs, outcome: null }
  }
  return open
}

async function instantOf(store: Store, run: string, sequence: number): Promise<number> {
  for (let after = 0, instant = -Infinity; ; ) {
    const page = await store.events(run, after)
    instant = page.findLast((event) => event.sequence <= sequence)?.at ?? instant
    const last = page.at(-1)
    if (!last || last.sequence >= sequence) return instant
    after = last.sequence
  }
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
