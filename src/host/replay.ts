import { breakerAfter } from '../machines/breakerFacts.ts'
import { step } from '../machines/breakerRules.ts'
import { initialBreaker, type Breaker, type BreakerSpec } from '../machines/breakerState.ts'
import { isOfBreaker } from '../machines/orchestratorBreakers.ts'
import type { RunState } from '../machines/orchestratorState.ts'
import { charge, interrupted, newRound } from '../machines/scenarioRules.ts'
import { isFinal, statusOf } from '../machines/scenarioStep.ts'
import type { FailReason, PauseReason, ScenarioState } from '../machines/scenarioState.ts'
import type { Store, StoredEvent } from '../persistence/store.ts'

/** All events of a run up to a sequence. */
export async function eventsUntil(store: Store, run: string, at: number): Promise<StoredEvent[]> {
  const events: StoredEvent[] = []
  for (let after = 0; ; ) {
    const page = await store.events(run, after)
    events.push(...page.filter(({ sequence }) => sequence <= at))
    const last = page.at(-1)
    if (!last || last.sequence >= at) return events
    after = last.sequence
  }
}

/**
 * A scenario's status as its events and the recoveries of its run tell it. Its row is rewritten in place and its checkpoints are taken at milestones: what happened between them
 * is known from the events alone.
 */
export function replayScenario(stored: ScenarioState, events: readonly StoredEvent[]): ScenarioState {
  const before: ScenarioState = { ...stored, pausedBy: [], reason: null, done: false }
  let round = 0
  return events.reduce((s, { type, at, data }): ScenarioState => {
    switch (type) {
      case 'scenario.started':
        return s.startedAt === null ? { ...s, startedAt: at, since: at } : s
      case 'scenario.paused':
        return { ...s, pausedBy: data.reasons as PauseReason[] }
      case 'scenario.continued':
        return { ...s, pausedBy: [] }
      case 'scenario.completed':
        return { ...s, ...chargedUntil(s, at), done: true, pausedBy: [] }
      case 'scenario.failed':
        return { ...s, ...chargedUntil(s, at), reason: data.reason as FailReason, pausedBy: [] }
      case 'run.interrupted':
        return isFinal(statusOf(s)) ? s : { ...s, ...interrupted(s, { seenAt: Number(data.since), at: Number(data.until) }) }
      // All begin again with it, though each says so itself a moment later.
      case 'run.recovering':
        return !recovers(s.spec.variant, data) ? s : restarted(s, { round: round + 1, fresh: false, halvings: data.attempt as number })
      case 'scenario.restarted':
        round = data.round as number
        return restarted(s, { round, fresh: data.fresh === true, halvings: (data.halvings as number | undefined) ?? 0 })
      default:
        return s
    }
  }, before)
}

/** Time that the stored state does not know of yet. */
const chargedUntil = (s: ScenarioState, at: number) => (at > s.since ? charge(s, at) : {})

/** What was stored may be of that round already. */
function restarted(s: ScenarioState, { round, fresh, halvings }: { round: number; fresh: boolean; halvings: number }): ScenarioState {
  return round > s.round ? newRound(s, fresh, halvings) : { ...s, startedAt: null, reason: null, done: false, pausedBy: [] }
}

type Replayed = Pick<RunState, 'startedAt' | 'finishedAt' | 'idleMs' | 'pausedBy' | 'recoveries'>

/** What the events say of a run's own state. */
export function replayRun(events: readonly StoredEvent[]): Replayed {
  const pending: Replayed = { startedAt: null, finishedAt: null, idleMs: 0, pausedBy: [], recoveries: 0 }
  return events.reduce((s, { type, at, data }) => {
    switch (type) {
      case 'run.started':
        return { ...s, startedAt: at }
      case 'run.paused':
        return { ...s, ...reopened(s, at), pausedBy: data.reasons as PauseReason[] }
      case 'run.continued':
        return { ...s, ...reopened(s, at), pausedBy: [] }
      case 'run.recovering':
        return { ...s, recoveries: data.attempt as number }
      case 'run.completed':
      case 'run.failed':
        return { ...s, finishedAt: at, pausedBy: [] }
      default:
        return s
    }
  }, pending)
}

const reopened = ({ finishedAt, idleMs }: Replayed, at: number) => ({
  finishedAt: null,
  idleMs: idleMs + Math.max(0, at - (finishedAt ?? at)),
})

/** As the last event of each breaker left it; a recovery changes it before it says so itself. */
export function replayBreakers(specs: readonly BreakerSpec[], events: readonly StoredEvent[]): Breaker[] {
  return specs.map((spec) => {
    const initial = initialBreaker(spec)
    return events.reduce((b, event) => {
      if (event.type === 'run.recovering') return recovers(spec.variant, event.data) ? step(b, { type: 'breaker.recover' }, event.at) : b
      return isOfBreaker(event.actor, spec.variant) && event.type.startsWith('breaker.') ? breakerAfter(initial, event) : b
    }, initial)
  })
}

/** Earlier versions did not say whose scenarios begin again: all did. */
const recovers = (variant: string, { variants }: Record<string, unknown>) => !Array.isArray(variants) || variants.includes(variant)
