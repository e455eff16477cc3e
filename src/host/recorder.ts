import type { ActorRefFrom } from 'xstate'
import type { Ledger } from '../actors/ledger.ts'
import type { barrierMachine } from '../machines/barrier.ts'
import { BARRIER_VERSION } from '../machines/barrier.ts'
import { BREAKER_VERSION, type breakerMachine } from '../machines/breaker.ts'
import type { BreakerFact } from '../machines/breakerFacts.ts'
import type { Breaker } from '../machines/breakerState.ts'
import { breakerId } from '../machines/orchestratorBreakers.ts'
import { ORCHESTRATOR_VERSION, type orchestratorMachine } from '../machines/orchestrator.ts'
import type { RunFact } from '../machines/orchestratorState.ts'
import { barrierId, runReasonOf, runStatusOf } from '../machines/orchestratorStep.ts'
import { SCENARIO_VERSION, type scenarioMachine } from '../machines/scenario.ts'
import type { ScenarioFact } from '../machines/scenarioMessages.ts'
import { elapsedMs, progressPct } from '../machines/scenarioRules.ts'
import type { ScenarioState } from '../machines/scenarioState.ts'
import { addressOf, isFinal, statusOf } from '../machines/scenarioStep.ts'
import type { CheckpointFact, EventFact, Fact, SnapshotFact } from '../persistence/facts.ts'
import type { Interruption } from './restore.ts'
import { storedBarrier, storedBreaker, storedOrchestrator, storedScenario } from './stored.ts'

export type OrchestratorRef = ActorRefFrom<typeof orchestratorMachine>
export type ScenarioRef = ActorRefFrom<typeof scenarioMachine>
type BarrierRef = ActorRefFrom<typeof barrierMachine>
type BreakerRef = ActorRefFrom<typeof breakerMachine>

interface Note {
  actor: string
  fact: ScenarioFact | RunFact | BreakerFact | Answer
  /** Where it failed: in the same turn it may be restarted. */
  failure?: CheckpointFact
}

/** A request of another process was obeyed. */
interface Answer {
  type: 'request.answered'
  request: number
  refusal: null
  at: number
}

/**
 * Hears what the actors of one run emit, and stores it: events, checkpoints at milestones, snapshots at changes of status. What one turn brought is
 * written together, at its end, so that the states that belong together are stored together.
 */
export class Recorder {
  readonly #orchestrator: OrchestratorRef
  readonly #ledger: Ledger
  readonly #onFinal: (facts: Fact[]) => void
  #notes: Note[] = []
  #stopped = false

  /** @param onFinal Told, instead of the ledger, what the end of the run wants to store: the report belongs to it. */
  constructor(orchestrator: OrchestratorRef, ledger: Ledger, onFinal: (facts: Fact[]) => void) {
    this.#orchestrator = orchestrator
    this.#ledger = ledger
    this.#onFinal = onFinal
    orchestrator.on('*', (fact) => this.#note('orchestrator', fact))
    for (const { variant } of orchestrator.getSnapshot().context.spec.breakers)
      this.#breaker(variant).on('*', (fact) => this.#note(breakerId(variant), fact))
    for (const scenario of this.#scenarios()) scenario.on('*', (fact) => this.#note(addressOf(scenario.getSnapshot().context.spec), fact))
  }

  /** A restored run goes on: what its states say of the time without an owner must be known to whoever restores it next. */
  resumed(interruption: Interruption, at: number) {
    // Those of a later round have confirmed items, though they are pending.
    const begun = this.#scenarios().filter((scenario) => {
      const { context } = scenario.getSnapshot()
      return statusOf(context) !== 'pending' || context.round > 0
    })
    // Snapshots are rewritten in place: a fork of a later moment knows of this time from the event alone.
    const event: EventFact = { kind: 'event', at, actor: 'orchestrator', type: 'run.interrupted', data: { ...interruption } }
    const facts = [
      ...(interruption.since < interruption.until && !isFinal(runStatusOf(this.#orchestrator.getSnapshot().context)) ? [event] : []),
      this.#orchestratorSnapshot(),
      ...begun.map(scenarioSnapshot),
      ...this.#barrierSnapshots(),
      ...Object.values(this.breakers())
        .filter(({ generation }) => generation > 0)
        .map(breakerRow),
      this.#runRow(),
    ]
    void this.#ledger.commit(facts).catch(() => {})
  }

  #note(actor: string, fact: Note['fact']) {
    const failure = fact.type === 'scenario.failed' ? this.#failure(actor, fact.at) : undefined
    if (this.#notes.push({ actor, fact, ...(failure && { failure }) }) === 1) queueMicrotask(() => this.#write())
  }

  /** Stored together with what the request led to, if it is told in the same turn. */
  answer(request: number, at: number) {
    this.#note('orchestrator', { type: 'request.answered', request, refusal: null, at })
  }

  /** A fork of the moment between the end of the last scenario and that of the run: its own end is still to be stored. */
  end(at: number) {
    const { context } = this.#orchestrator.getSnapshot()
    const reason = runReasonOf(context)
    this.#note('orchestrator', reason === null ? { type: 'run.completed', at } : { type: 'run.failed', reason, at })
  }

  /** What a run that has lost its right to write still says is not stored. */
  stop() {
    this.#stopped = true
  }

  /** Before its actors stop: what they have said in this turn needs their states. */
  flush() {
    this.#write()
  }

  #write() {
    if (this.#stopped || this.#notes.length === 0) return
    const notes = this.#notes
    this.#notes = []
    const facts: Fact[] = []
    const actors = new Set<string>()
    const breakers = new Set<string>()
    let gate = false
    let final = false
    for (const { actor, fact, failure } of notes) {
      if (fact.type.startsWith('breaker.')) breakers.add(actor)
      if (fact.type !== 'breaker.counted') facts.push(eventOf(actor, fact))
      facts.push(...this.#consequences(actor, fact))
      if (failure) facts.push(failure)
      // In a later round no milestone is reached anew: only this says where a restore has to go on.
      if (fact.type === 'repetition.started') actors.add(actor)
      if (!changesStatus(fact)) continue
      gate = true
      if (!breakers.has(actor)) actors.add(actor)
      if (fact.type === 'run.completed' || fact.type === 'run.failed') final = true
    }
    for (const actor of actors)
      facts.push(actor === 'orchestrator' ? this.#orchestratorSnapshot() : scenarioSnapshot(this.#scenario(actor)))
    facts.push(
      ...Object.values(this.breakers())
        .filter(({ spec }) => breakers.has(breakerId(spec.variant)))
        .map(breakerRow),
    )
    // Who is waited for, and for how long, changes with the statuses.
    if (gate || notes.some(({ fact }) => fact.type === 'barrier.waiting')) facts.push(...this.#barrierSnapshots())
    if (final) return this.#onFinal(facts)
    if (actors.has('orchestrator')) facts.push(this.#runRow())
    if (gate) void this.#ledger.commit(facts).catch(() => {})
    else this.#ledger.record(facts, 'milestone')
  }

  #failure(actor: string, at: number): CheckpointFact {
    const scenario = this.#scenario(actor)
    return checkpoint(scenario, { ...lastMilestone(scenario), at })
  }

  #consequences(actor: string, fact: Note['fact']): Fact[] {
    switch (fact.type) {
      case 'milestone.reached':
        return [checkpoint(this.#scenario(actor), fact)]
      case 'milestone.passed':
        return [
          {
            kind: 'milestone',
            repetition: fact.repetition,
            pct: fact.pct,
            reachedAt: fact.at,
            releasedAt: null,
            outcome: null,
            missing: [],
            statuses: fact.statuses,
          },
        ]
      default:
        return []
    }
  }

  statuses(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.#orchestrator.getSnapshot().context.members).map(([address, { status }]) => [address, status]),
    )
  }

  #scenarios(): ScenarioRef[] {
    return this.#orchestrator.getSnapshot().context.spec.scenarios.map((spec) => this.#scenario(addressOf(spec)))
  }

  #scenario(address: string): ScenarioRef {
    return this.#orchestrator.getSnapshot().children[address] as unknown as ScenarioRef
  }

  /** By variant. */
  breakers(): Record<string, Breaker> {
    const { breakers } = this.#orchestrator.getSnapshot().context.spec
    return Object.fromEntries(breakers.map(({ variant }) => [variant, this.#breaker(variant).getSnapshot().context]))
  }

  #breaker(variant: string): BreakerRef {
    return this.#orchestrator.getSnapshot().children[breakerId(variant)] as unknown as BreakerRef
  }

  #orchestratorSnapshot(): SnapshotFact {
    const { value, context } = this.#orchestrator.getSnapshot()
    return {
      kind: 'snapshot',
      actor: 'orchestrator',
      machine: 'orchestrator',
      version: ORCHESTRATOR_VERSION,
      status: value,
      snapshot: storedOrchestrator(value, context),
    }
  }

  #runRow(): Fact {
    const { context } = this.#orchestrator.getSnapshot()
    return {
      kind: 'run',
      status: runStatusOf(context),
      reason: runReasonOf(context) ?? context.pausedBy[0] ?? null,
      startedAt: context.startedAt,
      finishedAt: context.finishedAt,
      report: null,
    }
  }

  #barrierSnapshots(): SnapshotFact[] {
    return this.#orchestrator.getSnapshot().context.barriers.map((barrier) => this.#barrierSnapshot(barrierId(barrier)))
  }

  #barrierSnapshot(id: string): SnapshotFact {
    const { value, context } = (this.#orchestrator.getSnapshot().children[id] as unknown as BarrierRef).getSnapshot()
    return {
      kind: 'snapshot',
      actor: id,
      machine: 'barrier',
      version: BARRIER_VERSION,
      status: value,
      snapshot: storedBarrier(value, context),
    }
  }
}

/** A wait at a barrier is no change that a restore would need: scenarios say again where they are. */
function changesStatus(fact: Note['fact']): boolean {
  if (fact.type === 'scenario.paused') return fact.reasons.some((reason) => reason !== 'barrier')
  return (
    !['breaker.counted', 'milestone.reached', 'milestone.passed', 'repetition.started', 'barrier.waiting', 'barrier.released'].includes(
      fact.type,
    ) && !(fact.type === 'scenario.continued' && fact.after === 'barrier')
  )
}

function eventOf(actor: string, { type, at, ...data }: Note['fact']): EventFact {
  return { kind: 'event', at, actor, type, data }
}

const breakerRow = (breaker: Breaker): Fact => ({
  kind: 'breaker',
  variant: breaker.spec.variant,
  version: BREAKER_VERSION,
  state: storedBreaker(breaker),
})

function scenarioSnapshot(scenario: ScenarioRef): SnapshotFact {
  const { value, context } = scenario.getSnapshot()
  const snapshot = storedScenario(value, context)
  return {
    kind: 'snapshot',
    actor: addressOf(context.spec),
    machine: 'scenario',
    version: SCENARIO_VERSION,
    status: statusOf(context),
    snapshot,
  }
}

function checkpoint(
  scenario: ScenarioRef,
  at: { repetition: number; pct: number; elapsedMs: number; activeMs: number; at: number },
): CheckpointFact {
  const { value, context } = scenario.getSnapshot()
  const { variant, name } = context.spec
  return {
    kind: 'checkpoint',
    variant,
    scenario: name,
    repetition: at.repetition,
    milestonePct: at.pct,
    progressPct: progressPct(context),
    elapsedMs: at.elapsedMs,
    activeMs: at.activeMs,
    snapshot: { version: SCENARIO_VERSION, ...storedScenario(value, context) },
    at: at.at,
  }
}

function lastMilestone(scenario: ScenarioRef) {
  const s: ScenarioState = scenario.getSnapshot().context
  const pct = Math.max(0, s.repetitions[s.repetition - 1]!.milestone)
  return { repetition: s.repetition, pct, elapsedMs: elapsedMs(s, s.since) - s.origin.elapsedMs, activeMs: s.activeMs - s.origin.activeMs }
}
