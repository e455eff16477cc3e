import { live, setMember, type RunStep } from './runStep.ts'
import { breakerId, holdBack, obeyOnBreaker } from './orchestratorBreakers.ts'
import { hurry, rearm, recoverRun } from './orchestratorRecovery.ts'
import type { ScenarioNews } from './scenarioMessages.ts'
import { PAUSE_REASONS, type PauseReason, type Status } from './scenarioState.ts'
import { isFinal } from './scenarioStep.ts'
import type { Command, RunEvent, RunState } from './orchestratorState.ts'

export const barrierId = (b: { repetition: number; pct: number }) => `barrier:${b.repetition}:${b.pct}`

export function runStatusOf(s: RunState): Status {
  const members = Object.values(s.members)
  if (s.startedAt === null) return 'pending'
  if (members.every((m) => isFinal(m.status))) return members.some((m) => m.status === 'failed') ? 'failed' : 'complete'
  return s.pausedBy.length > 0 ? 'paused' : 'running'
}

/** What failed by itself goes before what was cancelled because of it. */
export function runReasonOf(s: RunState) {
  if (runStatusOf(s) !== 'failed') return null
  const reasons = Object.values(s.members).flatMap(({ reason }) => reason ?? [])
  return reasons.find((reason) => reason !== 'cancelled') ?? reasons[0] ?? null
}

/** The orchestrator's rules. Pure: the machine is their clockwork, and the property tests call them directly. */
export function orchestratorStep(before: RunState, event: RunEvent): RunStep {
  const step: RunStep = { state: before, facts: [], sends: [], newBarriers: [], endedBarriers: [] }
  const { at } = event
  switch (event.type) {
    case 'run.start':
      if (before.startedAt === null) step.state = { ...before, startedAt: at }
      break
    case 'run.resume':
      for (const { variant } of before.spec.breakers) step.sends.push({ to: breakerId(variant), event: { type: 'breaker.resume', at } })
      if (event.byPerson) hurry(step, Object.keys(before.members), at)
      for (const to of Object.keys(before.members)) step.sends.push({ to, event: { type: 'scenario.resume', at } })
      break
    case 'run.pause':
    case 'run.continue':
    case 'run.cancel':
    case 'run.restart':
      obey(step, event)
      break
    case 'breaker.open':
    case 'breaker.disable':
    case 'breaker.reset':
      obeyOnBreaker(step, event)
      break
    case 'breaker.changed': {
      const { type: _type, at: _at, ...view } = event
      step.state = { ...before, breakers: { ...before.breakers, [view.variant]: view } }
      break
    }
    case 'database.lost':
      pauseRun(step, 'database', at)
      break
    case 'database.back':
      continueRun(step, 'database', at)
      break
    case 'scenario.told':
      for (const news of event.news) note(step, news)
      break
    case 'scenario.changed':
    case 'scenario.reached':
    case 'scenario.arrived':
      note(step, event)
      break
    case 'barrier.released':
      releaseBarrier(step, event)
      break
  }
  // After a restore all say once more how they are: that they had failed is no outcome of the new round.
  if (event.type === 'scenario.changed' || event.type === 'scenario.told') recoverRun(step, at)
  holdBack(step, at)
  startNext(step, at)
  changeRunStatus(step, before, at)
  setBarrierClocks(step, before, event)
  return step
}

function obey(step: RunStep, command: Command & { type: `run.${string}` }) {
  const { at, scenario } = command
  const chosen = scenario === undefined ? Object.keys(step.state.members) : [scenario]
  if (command.type === 'run.pause' && scenario === undefined) return pauseRun(step, 'user', at)
  if (command.type === 'run.continue') hurry(step, chosen, at)
  if (command.type === 'run.continue' && scenario === undefined) return continueRun(step, 'user', at)
  for (const to of chosen) {
    if (command.type === 'run.pause') step.sends.push({ to, event: { type: 'scenario.pause', reason: 'user', at } })
    else if (command.type === 'run.continue') step.sends.push({ to, event: { type: 'scenario.continue', reason: 'user', at } })
    else if (command.type === 'run.cancel') step.sends.push({ to, event: { type: 'scenario.cancel', at } })
    else step.sends.push({ to, event: { type: 'scenario.restart', fresh: command.fresh, halvings: 0, at } })
  }
  // Whoever tries again what gave up wants to be heard.
  if (command.type === 'run.restart') rearm(step, chosen, at)
  if (command.type === 'run.restart') step.facts.push({ type: 'run.restarted', scenario: scenario ?? null, at })
}

function pauseRun(step: RunStep, reason: PauseReason, at: number) {
  const { pausedBy } = step.state
  if (pausedBy.includes(reason) || isFinal(runStatusOf(step.state))) return
  step.state = { ...step.state, pausedBy: PAUSE_REASONS.filter((r) => r === reason || pausedBy.includes(r)) }
  for (const to of live(step.state)) step.sends.push({ to, event: { type: 'scenario.pause', reason, at } })
}

/** A whole run that goes on takes along the scenarios that were paused one by one. */
function continueRun(step: RunStep, reason: PauseReason, at: number) {
  step.state = { ...step.state, pausedBy: step.state.pausedBy.filter((r) => r !== reason) }
  for (const to of live(step.state)) step.sends.push({ to, event: { type: 'scenario.continue', reason, at } })
}

function note(step: RunStep, news: ScenarioNews) {
  if (news.type === 'scenario.changed') noteChange(step, news)
  else if (news.type === 'scenario.reached') noteMilestone(step, news)
  else noteArrival(step, news)
}

function noteChange(step: RunStep, { scenario, status, reason, pausedBy, claim, at }: ScenarioNews & { type: 'scenario.changed' }) {
  const was = step.state.members[scenario]!
  setMember(step, scenario, { status, reason, pausedBy })
  const { [scenario]: _before, ...claims } = step.state.claims
  step.state = { ...step.state, claims: claim ? { ...claims, [scenario]: claim } : claims }
  const type = isFinal(status) ? 'member.left' : isFinal(was.status) ? 'member.joined' : null
  if (type) for (const b of step.state.barriers) step.sends.push({ to: barrierId(b), event: { type, member: scenario, at } })
  if (isFinal(status)) passMilestones(step, at)
}

function noteMilestone(step: RunStep, { scenario, repetition, pct, at }: ScenarioNews & { type: 'scenario.reached' }) {
  setMember(step, scenario, { repetition, pct })
  passMilestones(step, at)
}

/** A milestone is passed when every scenario that has not failed has reached it. Where a barrier stands, its release is the record. */
function passMilestones(step: RunStep, at: number) {
  const { state } = step
  const { milestones, barriers } = state.spec.scenarios[0]!
  const counted = Object.values(state.members).filter((m) => m.status !== 'failed')
  if (counted.length === 0) return
  const statuses = Object.fromEntries(Object.entries(state.members).map(([address, m]) => [address, m.status]))
  const reached = state.reached.map((before, i) => {
    const least = Math.min(...counted.map((m) => (m.repetition > i + 1 ? 100 : m.repetition === i + 1 ? m.pct : -1)))
    for (const pct of milestones) {
      if (pct > before && pct <= least && !barriers.includes(pct))
        step.facts.push({ type: 'milestone.passed', repetition: i + 1, pct, statuses, at })
    }
    return Math.max(before, least)
  })
  step.state = { ...state, reached }
}

function noteArrival(step: RunStep, { scenario, repetition, pct, at }: ScenarioNews & { type: 'scenario.arrived' }) {
  const { state } = step
  if (state.released[repetition - 1]! >= pct) {
    step.sends.push({ to: scenario, event: { type: 'barrier.released', repetition, pct, at } })
    return
  }
  const id = barrierId({ repetition, pct })
  if (!state.barriers.some((b) => barrierId(b) === id)) {
    step.state = { ...state, barriers: [...state.barriers, { repetition, pct }] }
    step.facts.push({ type: 'barrier.waiting', repetition, pct, at })
    step.newBarriers.push({ run: state.spec.run, repetition, pct, members: live(state), timeoutMs: state.spec.barrierTimeoutMs, at })
  }
  step.sends.push({ to: id, event: { type: 'member.arrived', member: scenario, at } })
}

function releaseBarrier(step: RunStep, event: RunEvent & { type: 'barrier.released' }) {
  const { repetition, pct, outcome, at } = event
  const { state } = step
  if (!state.barriers.some((b) => barrierId(b) === barrierId(event))) return
  step.state = {
    ...state,
    released: state.released.map((before, i) => (i === repetition - 1 ? Math.max(before, pct) : before)),
    barriers: state.barriers.filter((b) => barrierId(b) !== barrierId(event)),
  }
  step.endedBarriers.push(barrierId(event))
  step.facts.push({ type: 'barrier.released', repetition, pct, outcome, at })
  for (const to of live(step.state)) step.sends.push({ to, event: { type: 'barrier.released', repetition, pct, at } })
}

/** Everybody at once, or in the order of the plan, each when nobody else is at work. */
function startNext(step: RunStep, at: number) {
  const { members, spec, startedAt, pausedBy } = step.state
  if (startedAt === null || pausedBy.length > 0) return
  const waiting = Object.keys(members).filter((address) => members[address]!.status === 'pending')
  const next = spec.order === 'parallel' ? waiting : live(step.state).length > waiting.length ? [] : waiting.slice(0, 1)
  for (const to of next) step.sends.push({ to, event: { type: 'scenario.start', at } })
}

/** Nobody worked on it since its end. */
function reopened(s: RunState, at: number): RunState {
  return { ...s, finishedAt: null, idleMs: s.idleMs + Math.max(0, at - (s.finishedAt ?? at)) }
}

function changeRunStatus(step: RunStep, before: RunState, at: number) {
  const was = runStatusOf(before)
  const is = runStatusOf(step.state)
  if (is === was && step.state.pausedBy.length === before.pausedBy.length) return
  if (isFinal(is)) step.state = { ...step.state, finishedAt: at, pausedBy: [] }
  else if (isFinal(was)) step.state = reopened(step.state, at)
  if (was === 'pending' && is !== 'pending') step.facts.push({ type: 'run.started', at })
  else if (is === 'running') step.facts.push({ type: 'run.continued', at })
  if (is === 'paused') step.facts.push({ type: 'run.paused', reasons: step.state.pausedBy, at })
  if (is === 'complete') step.facts.push({ type: 'run.completed', at })
  const reason = runReasonOf(step.state)
  if (is === 'failed' && reason) step.facts.push({ type: 'run.failed', reason, at })
}

/** A barrier's clock runs only while nobody who could still arrive is held by the user or by the database. */
function setBarrierClocks(step: RunStep, before: RunState, event: RunEvent) {
  const stood = clockStands(before)
  const stands = clockStands(step.state)
  const { at } = event
  for (const b of step.state.barriers) {
    const isNew = !before.barriers.includes(b)
    const to = barrierId(b)
    if (stands && (!stood || isNew)) step.sends.push({ to, event: { type: 'clock.stop', at } })
    if (!stands && (stood || event.type === 'run.resume') && !isNew) step.sends.push({ to, event: { type: 'clock.start', at } })
  }
}

const clockStands = (s: RunState) =>
  s.pausedBy.length > 0 || Object.values(s.members).some((m) => m.pausedBy.includes('user') || m.pausedBy.includes('database'))
