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
        if ((data.round as number) > s.round) return newRound(s, data.fresh === true)
        return { ...s, startedAt: null, reason: null, done: false, pausedBy: [] }
      default:
        return s
    }
  }, before)
}

/** What the events say of a run's own state. */
export function replayRun(events: readonly StoredEvent[]): Pick<RunState, 'startedAt' | 'finishedAt' | 'pausedBy'> {
  const pending: Pick<RunState, 'startedAt' | 'finishedAt' | 'pausedBy'> = { startedAt: null, finishedAt: null, pausedBy: [] }
  return events.reduce((s, { type, at, data }) => {
    switch (type) {
      case 'run.started':
        return { ...s, startedAt: at }
      case 'run.paused':
        return { ...s, finishedAt: null, pausedBy: data.reasons as PauseReason[] }
      case 'run.continued':
        return { ...s, finishedAt: null, pausedBy: [] }
      case 'run.completed':
      case 'run.failed':
        return { ...s, finishedAt: at, pausedBy: [] }
      default:
        return s
    }
  }, pending)
}
