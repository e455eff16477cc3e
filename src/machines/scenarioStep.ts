import { claimOf } from './claim.ts'
import type { LanesOrder, ScenarioEvent, ScenarioFact, ScenarioNews } from './scenarioMessages.ts'
import {
  arrivedAt,
  charge,
  current,
  cutOf,
  elapsedMs,
  end,
  fetched,
  handOut,
  mustFetch,
  newRound,
  nextRepetition,
  pause,
  reachedMilestones,
  recover,
  release,
  repetitionSettled,
  settle,
  take,
  tooManyFailed,
  unpause,
  untilMilestone,
} from './scenarioRules.ts'
import type { ScenarioState, Status } from './scenarioState.ts'

/** What one event leads to: the state after it, and what the machine is to do about it. */
export interface Step {
  state: ScenarioState
  facts: ScenarioFact[]
  messages: ScenarioNews[]
  lanes: 'start' | 'stop' | null
  orders: LanesOrder[]
  fetch: boolean
  budget: 'start' | 'stop' | null
}

export const addressOf = (spec: { variant: string; name: string }) => `${spec.variant}/${spec.name}`

export function statusOf(s: ScenarioState): Status {
  if (s.reason !== null) return 'failed'
  if (s.startedAt === null) return 'pending'
  if (s.done) return 'complete'
  return s.pausedBy.length > 0 ? 'paused' : 'running'
}

export const isFinal = (status: Status) => status === 'complete' || status === 'failed'

/** The scenario's rules. Pure: the machine is their clockwork, and the property tests call them directly. */
export function scenarioStep(before: ScenarioState, event: ScenarioEvent): Step {
  const step: Step = { state: apply(before, event), facts: [], messages: [], lanes: null, orders: [], fetch: false, budget: null }
  // A fold is not a step: what follows from it is done when the restored actor is told to go on.
  if (event.type === 'batches.recovered') return step
  const { at } = event
  if (!isFinal(statusOf(step.state))) {
    recordMilestones(step, at)
    settleRepetition(step, at)
  }
  changeStatus(step, before, event, at)
  order(step, before)
  return step
}

function apply(s: ScenarioState, e: ScenarioEvent): ScenarioState {
  const final = isFinal(statusOf(s))
  switch (e.type) {
    case 'batches.settled':
      return final ? s : { ...s, ...settle(s, e) }
    case 'lanes.ended':
      return s.ending === null ? s : { ...s, reason: s.ending, ending: null }
    case 'scenario.start':
      return s.startedAt === null && !final ? { ...s, startedAt: e.at, since: e.at } : s
    case 'scenario.pause':
      return final ? s : { ...s, ...pause(s, e.reason, e.at) }
    case 'scenario.continue':
      return final ? s : { ...s, ...unpause(s, e.reason, e.at) }
    case 'barrier.released':
      return final ? s : releaseBarrier(s, e)
    case 'scenario.cancel':
      return final ? s : { ...s, ...end(s, 'cancelled') }
    case 'scenario.broke':
      return final ? s : { ...s, ...end(s, e.reason) }
    case 'budget.spent':
      return final ? s : { ...s, ...end(s, 'time-budget') }
    case 'scenario.restart':
      return final ? newRound(s, e.fresh, e.halvings) : s
    case 'work.fetched':
      return final || !s.fetching ? s : { ...s, ...fetched(s, e), fetching: false }
    case 'batches.recovered':
      return recover(s, e)
    case 'scenario.resume':
      return s
  }
}

function releaseBarrier(s: ScenarioState, e: { repetition: number; pct: number; at: number }): ScenarioState {
  const released = { ...s, ...release(s, e.repetition, e.pct) }
  return arrivedAt(released) === null ? { ...released, ...unpause(released, 'barrier', e.at) } : released
}

const someFailed = (failed: number) => (failed > 0 ? { itemsFailed: failed } : {})

function recordMilestones(step: Step, at: number) {
  if (step.state.startedAt === null) return
  for (const pct of reachedMilestones(step.state)) {
    const s = step.state
    const { repetition, origin } = s
    const { settled, failed } = s.repetitions[repetition - 1]!
    const fact = { repetition, pct, elapsedMs: elapsedMs(s, at) - origin.elapsedMs, activeMs: s.activeMs - origin.activeMs }
    step.facts.push({ type: 'milestone.reached', ...fact, itemsSettled: settled, ...someFailed(failed), at })
    step.messages.push({ type: 'scenario.reached', scenario: addressOf(s.spec), repetition, pct, at })
    step.state = { ...s, repetitions: s.repetitions.map((r, i) => (i === repetition - 1 ? { ...r, milestone: pct } : r)) }
  }
}

/** What the settled items mean: too many failed, a barrier is reached, the repetition or the scenario is over. */
function settleRepetition(step: Step, at: number) {
  const s = step.state
  if (s.startedAt === null || s.ending !== null) return
  if (tooManyFailed(s)) {
    step.state = { ...s, ...end(s, 'errors') }
    return
  }
  const pct = arrivedAt(s)
  if (pct !== null) {
    step.state = { ...s, ...pause(s, 'barrier', at) }
    step.messages.push({ type: 'scenario.arrived', scenario: addressOf(s.spec), repetition: s.repetition, pct, at })
    return
  }
  if (!repetitionSettled(s) || s.pausedBy.length > 0) return
  if (s.repetition === s.spec.repetitions) {
    step.state = { ...s, done: true }
    return
  }
  step.state = { ...s, ...nextRepetition(s, at) }
  step.facts.push({ type: 'repetition.started', repetition: step.state.repetition, at })
  recordMilestones(step, at)
  settleRepetition(step, at)
}

function changeStatus(step: Step, before: ScenarioState, event: ScenarioEvent, at: number) {
  const was = statusOf(before)
  const is = statusOf(step.state)
  const told = event.type === 'scenario.resume'
  if (isFinal(is) && !isFinal(was)) {
    step.state = { ...step.state, ...charge(step.state, at), pausedBy: [], open: [], lanes: false, ending: null, fetching: false }
    step.lanes = 'stop'
    step.budget = 'stop'
  } else if (!isFinal(is) && is !== 'pending' && (was === 'pending' || told)) {
    step.budget = 'start'
  }
  if (is === was && !told && sameReasons(before, step.state)) return
  const { reason, spec, pausedBy, round, firstRound, halvings } = step.state
  const claim = isFinal(is) ? claimOf(step.state) : null
  if (is !== was || !sameReasons(before, step.state)) {
    if (isFinal(was)) step.facts.unshift({ type: 'scenario.restarted', round, fresh: firstRound === round, halvings, at })
    else if (was === 'pending' && is !== 'pending' && !isFinal(is)) step.facts.unshift({ type: 'scenario.started', at })
    else if (is === 'running') step.facts.push({ type: 'scenario.continued', after: before.pausedBy[0] ?? 'user', at })
    if (is === 'paused') step.facts.push({ type: 'scenario.paused', reasons: pausedBy, at })
    if (is === 'complete') step.facts.push({ type: 'scenario.completed', at })
    if (is === 'failed' && reason) {
      const failed = step.state.repetitions.reduce((sum, r) => sum + r.failed, 0)
      step.facts.push({ type: 'scenario.failed', reason, ...someFailed(failed), at })
    }
  }
  const changed = { type: 'scenario.changed', scenario: addressOf(spec), status: is, reason, pausedBy, claim, at } as const
  const { milestone: pct } = current(before)
  if (told && pct >= 0)
    step.messages.unshift({ type: 'scenario.reached', scenario: addressOf(spec), repetition: before.repetition, pct, at })
  // A barrier must know its members before they arrive; the end comes after all that led to it.
  if (isFinal(is)) step.messages.push(changed)
  else step.messages.unshift(changed)
}

const sameReasons = (a: ScenarioState, b: ScenarioState) => a.pausedBy.length === b.pausedBy.length

/** What the lanes are to do now. */
function order(step: Step, before: ScenarioState) {
  const s = step.state
  const status = statusOf(s)
  if (isFinal(status)) return
  if (s.ending !== null) {
    if (before.ending === null) step.orders.push({ type: 'lanes.end' })
  } else if (status === 'running') {
    handOutWork(step)
  } else if (status === 'paused' && statusOf(before) === 'running' && s.open.length > 0) {
    step.orders.push({ type: 'lanes.hold' })
  }
}

function handOutWork(step: Step) {
  const handed = handOut(step.state)
  if (!step.state.lanes && handed.ranges.length > 0) step.lanes = 'start'
  const s = { ...step.state, ...take(step.state, handed) }
  const { repetition, round, firstRound } = s
  if (s.open.length > 0)
    step.orders.push({
      type: 'lanes.work',
      repetition,
      round,
      firstRound,
      ranges: handed.ranges,
      tellAfter: untilMilestone(s),
      cut: cutOf(s),
    })
  step.fetch = mustFetch(s) && !s.fetching
  step.state = { ...s, fetching: s.fetching || step.fetch }
}
