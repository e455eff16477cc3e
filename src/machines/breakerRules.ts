import type { Breaker, BreakerRulesEvent, BreakerStatus } from './breakerState.ts'
import { compare, isOfItems, neverWorked, prove, TRIAL_MS } from './breakerTrial.ts'

/** Sums of decimals (30 × 0.1) may lie a little below what they stand for. */
const ROUNDING = 1e-9
/** Of a window of time. More calls than these would only be kept to be forgotten. */
const MAX_WINDOW = 1_000

/**
 * The breaker's rules. Pure: the machine, the simulator and the property tests all call this. What changes nothing gives back the very state.
 * A deadline that has passed by `nowMs` has had its effect before the event has its own, so that no timer has to be punctual.
 */
export function step(before: Breaker, event: BreakerRulesEvent, nowMs: number): Breaker {
  const b = advance(before, nowMs)
  switch (event.type) {
    case 'deadline.passed':
      return b
    case 'probe.requested':
      return grant(b, nowMs)
    case 'call.succeeded':
      return isCurrent(b, event) ? succeed(prove(b), event, nowMs) : prove(b)
    case 'call.failed':
      return failed(b, event, nowMs)
    case 'breaker.open':
      return b.status === 'forcedOpen' ? b : { ...enter(b, 'forcedOpen'), exhausted: false }
    case 'breaker.disable':
      return b.status === 'disabled' ? b : { ...close(b), status: 'disabled' }
    case 'breaker.reset':
      return close(b)
    case 'breaker.rearm':
      return rearm(b)
    case 'breaker.recover':
      return recover(b, nowMs)
  }
}

/** Nothing reaches the skill, but for the probes of a half-open breaker. */
export const isBlocking = (status: BreakerStatus) => status === 'open' || status === 'forcedOpen' || status === 'halfOpen'

/** When time alone changes it: the end of the cooldown, or of a probe's lease. */
export function wakeAt({ status, probeAt, permits }: Breaker): number | null {
  if (status === 'open') return probeAt
  return permits.length === 0 ? null : Math.min(...permits.map(({ until }) => until))
}

/** After a pause of its process. No clock that was ahead when it opened makes its cooldown longer. */
export function resumed(b: Breaker, nowMs: number): Breaker {
  if (b.probeAt === null) return b
  const { jitter, maxCooldownMs } = b.spec.options
  const { cooldownMs } = cooldown({ ...b, spec: { ...b.spec, options: { ...b.spec.options, jitter: 0 } } })
  const longest = b.recoveryAttempts === 0 ? cooldownMs : Math.min(maxCooldownMs, Math.round(cooldownMs * (1 + jitter)))
  return b.probeAt - nowMs > longest ? { ...b, probeAt: nowMs + longest } : b
}

function advance(b: Breaker, nowMs: number): Breaker {
  if (b.status === 'open' && b.probeAt !== null && nowMs >= b.probeAt) return enter(b, 'halfOpen')
  return b.permits.some(({ until }) => until <= nowMs) ? { ...b, permits: b.permits.filter(({ until }) => until > nowMs) } : b
}

function grant(b: Breaker, nowMs: number): Breaker {
  if (b.status !== 'halfOpen' || b.permits.length >= b.spec.options.probes) return b
  const id = b.issued + 1
  return { ...b, issued: id, permits: [...b.permits, { id, until: nowMs + b.spec.leaseMs }] }
}

/** A half-open breaker listens to its probes alone, as long as they have their permit. */
function isCurrent(b: Breaker, { generation, permit }: { generation: number; permit: number | null }): boolean {
  if (generation !== b.generation) return false
  return b.status === 'closed' || (b.status === 'halfOpen' && b.permits.some(({ id }) => id === permit))
}

function succeed(b: Breaker, { permit, durationMs }: { permit: number | null; durationMs: number }, nowMs: number): Breaker {
  const { slowCallMs, weights } = b.spec.options
  if (slowCallMs !== null && durationMs >= slowCallMs && weights.slow > 0) return fail(b, weights.slow, permit, nowMs)
  return b.status === 'halfOpen' ? close(b) : count(b, -1, nowMs)
}

function failed(b: Breaker, event: BreakerRulesEvent & { type: 'call.failed' }, nowMs: number): Breaker {
  const weight = isOfItems(b, event) ? 0 : b.spec.options.weights[event.class]
  const compared = weight > 0 ? compare(b, event) : b
  // A disabled one opens for nothing, but it is known what it has seen.
  if (!isCurrent(b, event)) return b.status === 'disabled' && event.generation === b.generation ? compared : b
  if (b.status === 'halfOpen' && neverWorked(b) && neverWorked(compared) && weight > 0) return giveUp(compared)
  return fail(compared, weight, event.permit, nowMs)
}

function fail(b: Breaker, weight: number, permit: number | null, nowMs: number): Breaker {
  if (b.status === 'halfOpen') {
    if (weight > 0) return reopen(b, nowMs)
    return { ...b, permits: b.permits.filter(({ id }) => id !== permit) }
  }
  const counted = weight > 0 ? count(b, weight, nowMs) : b
  const { threshold, minimumCalls } = b.spec.options
  if (weight === 0 || counted.sum < threshold - ROUNDING || counted.calls < minimumCalls) return counted
  return open(counted, nowMs)
}

/** `change`: what the call does to the sum, which is never below 0. */
function count(b: Breaker, change: number, nowMs: number): Breaker {
  const { windowMs, windowCount, minimumCalls } = b.spec.options
  // Calls are counted as far as somebody asks: good ones of a skill without failures change nothing.
  const counts = b.calls < minimumCalls || (windowCount !== null && b.window.length > 0)
  const calls = counts ? b.calls + 1 : b.calls
  if (windowMs === null && windowCount === null) {
    const sum = Math.max(0, b.sum + change)
    return sum === b.sum && calls === b.calls ? b : { ...b, sum, calls }
  }
  const isInside = (entry: { at: number; call: number }) =>
    (windowMs === null || entry.at > nowMs - windowMs) && (windowCount === null || entry.call > calls - windowCount)
  const window = [...b.window, { at: nowMs, call: calls, change }].filter(isInside).slice(-MAX_WINDOW)
  const sum = window.reduce((before, entry) => Math.max(0, before + entry.change), 0)
  // What came before a sum of 0 can add nothing any more, however the window moves on.
  if (sum === 0 && b.sum === 0 && calls === b.calls) return b
  return { ...b, sum, calls, window: sum === 0 ? [] : window }
}

function open(b: Breaker, nowMs: number): Breaker {
  const { cooldownMs, seed } = cooldown(b)
  return { ...enter(b, 'open'), probeAt: nowMs + cooldownMs, seed }
}

function reopen(b: Breaker, nowMs: number): Breaker {
  const recoveryAttempts = b.recoveryAttempts + 1
  return recoveryAttempts >= b.spec.options.maxRecoveryAttempts ? giveUp(b) : open({ ...b, recoveryAttempts }, nowMs)
}

const giveUp = (b: Breaker): Breaker => ({ ...enter(b, 'open'), recoveryAttempts: b.recoveryAttempts + 1, exhausted: true })

function close(b: Breaker): Breaker {
  return { ...enter(b, 'closed'), sum: 0, recoveryAttempts: 0, alike: null, exhausted: false }
}

/** An open one sends its probe now. The errors of before are of the skill of before. */
function rearm(b: Breaker): Breaker {
  if (b.status === 'open') return { ...enter(b, 'halfOpen'), recoveryAttempts: 0, alike: null, exhausted: false }
  return b.alike === null ? b : { ...b, alike: null }
}

/** An exhausted one gets one more cooldown and one more chance, a closed one has to prove itself at once. */
function recover(b: Breaker, nowMs: number): Breaker {
  if (b.status === 'closed') return enter(b, 'halfOpen')
  if (!b.exhausted) return b
  return { ...open({ ...b, recoveryAttempts: b.spec.options.maxRecoveryAttempts - 1 }, nowMs), exhausted: false }
}

const enter = (b: Breaker, status: BreakerStatus): Breaker => ({
  ...b,
  status,
  generation: b.generation + 1,
  calls: 0,
  window: [],
  probeAt: null,
  permits: [],
})

/** A second where the skill never worked; else `cooldownMs · backoff^recoveryAttempts`, up to a share of `jitter` more or less but for the first, at most `maxCooldownMs`. */
function cooldown({ spec: { options }, recoveryAttempts, seed, proven, alike }: Breaker): { cooldownMs: number; seed: number } {
  const full = options.cooldownMs * options.backoff ** recoveryAttempts
  if (neverWorked({ proven, alike })) return { cooldownMs: Math.min(TRIAL_MS, full, options.maxCooldownMs), seed }
  if (recoveryAttempts === 0 || options.jitter === 0) return { cooldownMs: Math.min(full, options.maxCooldownMs), seed }
  const { value, next } = draw(seed)
  const jittered = full * (1 + options.jitter * (2 * value - 1))
  return { cooldownMs: Math.round(Math.min(jittered, options.maxCooldownMs)), seed: next }
}

/** Mulberry32 (T. Ettinger, public domain): a number from 0 to 1, and the next seed. */
function draw(seed: number): { value: number; next: number } {
  const next = (seed + 0x6d2b79f5) >>> 0
  let t = Math.imul(next ^ (next >>> 15), next | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return { value: ((t ^ (t >>> 14)) >>> 0) / 2 ** 32, next }
}
