import { breakerAfter } from '../machines/breakerFacts.ts'
import { initialBreaker, type Breaker, type BreakerSpec } from '../machines/breakerState.ts'
import { breakerId } from '../machines/orchestratorBreakers.ts'
import type { RunState } from '../machines/orchestratorState.ts'
import { newRound } from '../machines/scenarioRules.ts'
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
 * A scenario's status as its events tell it. Its row is rewritten in place and its checkpoints are taken at milestones: what happened between them
 * is known from the events alone.
 */
export function replayScenario(stored: ScenarioState, events: readonly StoredEvent[]): ScenarioState {
  const before: ScenarioState = { ...stored, pausedBy: [], reason: null, done: false }
  return events.reduce((s, { type, at, data }): ScenarioState => {
    switch (type) {
      case 'scenario.started':
        return s.startedAt === null ? { ...s, startedAt: at, since: at } : s
      case 'scenario.paused':
        return { ...s, pausedBy: data.reasons as PauseReason[] }
      case 'scenario.continued':
        return { ...s, pausedBy: [] }
      case 'scenario.completed':
        return { ...s, done: true, pausedBy: [] }
      case 'scenario.failed':
        return { ...s, reason: data.reason as FailReason, pausedBy: [] }
      case 'scenario.restarted':
        if ((data.round as number) > s.round) return newRound(s, data.fresh === true, (data.halvings as number | undefined) ?? 0)
        return { ...s, startedAt: null, reason: null, done: false, pausedBy: [] }
      default:
        return s
    }
  }, before)
}

type Replayed = Pick<RunState, 'startedAt' | 'finishedAt' | 'pausedBy' | 'recoveries'>

/** What the events say of a run's own state. */
export function replayRun(events: readonly StoredEvent[]): Replayed {
  const pending: Replayed = { startedAt: null, finishedAt: null, pausedBy: [], recoveries: 0 }
  return events.reduce((s, { type, at, data }) => {
    switch (type) {
      case 'run.started':
        return { ...s, startedAt: at }
      case 'run.paused':
        return { ...s, finishedAt: null, pausedBy: data.reasons as PauseReason[] }
      case 'run.continued':
        return { ...s, finishedAt: null, pausedBy: [] }
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

/** As the last event of each breaker left it. */
export function replayBreakers(specs: readonly BreakerSpec[], events: readonly StoredEvent[]): Breaker[] {
  return specs.map((spec) => {
    const last = events.findLast(({ actor, type }) => actor === breakerId(spec.variant) && type.startsWith('breaker.'))
    const initial = initialBreaker(spec)
    return last ? breakerAfter(initial, last) : initial
  })
}
