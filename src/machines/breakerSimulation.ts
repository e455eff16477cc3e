import { shapeOf, UsageError } from '../errors.ts'
import type { BreakerPlan } from '../plan.ts'
import { step } from './breakerRules.ts'
import { initialBreaker, type Breaker, type BreakerRulesEvent, type BreakerStatus } from './breakerState.ts'
import { neverWorked } from './breakerTrial.ts'

/** What may happen to a simulated breaker: a call and what it comes to, time that passes, or a command. */
type SimulatedEvent =
  | { type: 'call'; outcome: 'success' | 'critical' | 'recoverable' | 'transient' | 'ignored'; durationMs: number; way: string }
  | { type: 'wait'; ms: number }
  | { type: 'command'; command: 'open' | 'disable' | 'reset' }

export interface SimulatedStep {
  /** As it was written. */
  event: string
  /** Since the start, as all instants here. */
  atMs: number
  /** After it. */
  state: BreakerStatus
  sum: number
  recoveryAttempts: number
  probeAtMs: number | null
  exhausted: boolean
  /** It takes the skill for one that never worked: no call has succeeded, and all failed in the same way. */
  neverWorked: boolean
  /** What became of a call: it counted, was one of the probes, or did not reach the skill. `null`: it was none. */
  call: 'counted' | 'probe' | 'rejected' | null
}

export interface Simulation {
  steps: SimulatedStep[]
  /** The last one. */
  state: BreakerStatus
}

const CALLS = ['success', 'critical', 'recoverable', 'transient', 'ignored'] as const
const COMMANDS = ['open', 'disable', 'reset'] as const

const SIMULATED_EVENTS = [...CALLS, 'success:MS', 'critical=TEXT', 'wait:MS', ...COMMANDS]

/** `critical`, `critical=no such key` (that error), `success`, `success:1500` (that long a call), `wait:30000`, `open`. `null`: it is none of these. */
function parseSimulatedEvent(text: string): SimulatedEvent | null {
  const [, name = '', amount, said] = /^([a-z]+)(?::(\d+)|=(.+))?$/.exec(text.trim()) ?? []
  if (said !== undefined && (name === 'success' || !CALLS.some((known) => known === name))) return null
  if (name === 'wait') return amount === undefined ? null : { type: 'wait', ms: Number(amount) }
  const outcome = CALLS.find((known) => known === name)
  if (outcome && (amount === undefined || outcome === 'success'))
    return { type: 'call', outcome, durationMs: Number(amount ?? 0), way: shapeOf({ name, message: said ?? '' }) }
  const command = COMMANDS.find((known) => known === name)
  return command && amount === undefined ? { type: 'command', command } : null
}

/**
 * Plays events, separated by commas, through the rules. Errors of one class are alike, unless they say what they are: `critical=TEXT`.
 * @param proven Whether a call has succeeded before. Default false.
 * @throws {UsageError} with the first one that is none.
 */
export function simulateEvents(list: string, options: BreakerPlan, { proven = false }: { proven?: boolean } = {}): Simulation {
  const events = list.split(',').map((text) => {
    const event = parseSimulatedEvent(text)
    if (!event)
      throw new UsageError(`"${text.trim()}" is no event of a breaker`, `Expected ${SIMULATED_EVENTS.join(', ')}, separated by commas`)
    return { text, event }
  })
  return simulateBreaker(events, options, proven)
}

/** Plays events through the breaker's rules, without jitter, on a clock that starts at 0 and that only waiting and long calls move. */
function simulateBreaker(events: readonly { text: string; event: SimulatedEvent }[], options: BreakerPlan, proven: boolean): Simulation {
  // No call of a simulation is ever lost.
  const spec = { run: 'simulation', variant: 'default', options: { ...options, jitter: 0 }, disabled: false, leaseMs: Infinity }
  let breaker = { ...initialBreaker(spec), proven }
  let now = 0
  const steps = events.map(({ text, event }): SimulatedStep => {
    now += event.type === 'wait' ? event.ms : event.type === 'call' ? event.durationMs : 0
    const played = play(breaker, event, now)
    breaker = played.breaker
    const { status, sum, recoveryAttempts, probeAt, exhausted } = breaker
    return {
      ...{ event: text.trim(), atMs: now, state: status, sum, recoveryAttempts, probeAtMs: probeAt, exhausted },
      ...{ neverWorked: neverWorked(breaker), call: played.call },
    }
  })
  return { steps, state: breaker.status }
}

function play(before: Breaker, event: SimulatedEvent, now: number): { breaker: Breaker; call: SimulatedStep['call'] } {
  if (event.type === 'wait') return { breaker: step(before, { type: 'deadline.passed' }, now), call: null }
  if (event.type === 'command') return { breaker: step(before, { type: `breaker.${event.command}` }, now), call: null }
  const begun = step(before, { type: 'probe.requested' }, now - event.durationMs)
  const isProbe = begun.issued > before.issued
  if (!isProbe && begun.status !== 'closed' && begun.status !== 'disabled') return { breaker: begun, call: 'rejected' }
  const { outcome, durationMs, way } = event
  const whose = { generation: begun.generation, permit: isProbe ? begun.issued : null }
  const ended: BreakerRulesEvent =
    outcome === 'success' ? { type: 'call.succeeded', durationMs, ...whose } : { type: 'call.failed', class: outcome, way, ...whose }
  return { breaker: step(begun, ended, now), call: isProbe ? 'probe' : 'counted' }
}
