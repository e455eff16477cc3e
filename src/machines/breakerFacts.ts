import type { ErrorClass } from '../plan.ts'
import type { Breaker, BreakerStatus } from './breakerState.ts'

/** What the orchestrator must know of a breaker. */
export interface BreakerView {
  variant: string
  status: BreakerStatus
  exhausted: boolean
  /** How many calls may pass at once while it is half-open. */
  probes: number
}

export const viewOf = ({ spec, status, exhausted }: Breaker): BreakerView => ({
  variant: spec.variant,
  status,
  exhausted,
  probes: spec.options.probes,
})

/** What a breaker lets the world know: each but the last becomes a row of `events`. */
export type BreakerFact = BreakerChange | { type: 'breaker.counted'; at: number }

/** A change of status, with the sum that caused it. It holds all of the state that outlives it, so that a past moment can be rebuilt. */
export interface BreakerChange {
  type: 'breaker.closed' | 'breaker.opened' | 'breaker.halfOpened' | 'breaker.forcedOpen' | 'breaker.disabled' | 'breaker.exhausted'
  from: BreakerStatus
  /** What the last call was, or the command that did it. */
  cause: string
  class: ErrorClass | null
  /** Of the error of that call. */
  message: string | null
  sum: number
  threshold: number
  recoveryAttempts: number
  /** Epoch ms. */
  probeAt: number | null
  generation: number
  seed: number
  at: number
}

const TYPES = {
  closed: 'breaker.closed',
  open: 'breaker.opened',
  halfOpen: 'breaker.halfOpened',
  forcedOpen: 'breaker.forcedOpen',
  disabled: 'breaker.disabled',
} as const

/** What is to be told of a step; `null`: nothing. */
export function changeOf(
  before: Breaker,
  after: Breaker,
  event: { type: string; at: number; class?: ErrorClass; message?: string },
): BreakerFact | null {
  if (after === before) return null
  const { at } = event
  if (after.generation === before.generation) return { type: 'breaker.counted', at }
  const { status, sum, recoveryAttempts, probeAt, generation, seed, exhausted, spec } = after
  // What closes it takes the sum with it: the one that led there is that of before.
  const causing = status === 'closed' || status === 'disabled' ? before.sum : sum
  return {
    type: exhausted ? 'breaker.exhausted' : TYPES[status],
    from: before.status,
    cause: event.type,
    class: event.class ?? null,
    message: event.message ?? null,
    sum: causing,
    threshold: spec.options.threshold,
    recoveryAttempts,
    probeAt,
    generation,
    seed,
    at,
  }
}

const STATUSES = Object.fromEntries(Object.entries(TYPES).map(([status, type]) => [type, status])) as Record<string, BreakerStatus>

/** The breaker as the event that it told of left it. */
export function breakerAfter(initial: Breaker, { type, data }: { type: string; data: Record<string, unknown> }): Breaker {
  const { sum, recoveryAttempts, probeAt, generation, seed } = data as unknown as BreakerChange
  const status = type === 'breaker.exhausted' ? 'open' : (STATUSES[type] ?? initial.status)
  const isClosed = status === 'closed' || status === 'disabled'
  return {
    ...initial,
    status,
    sum: isClosed ? 0 : sum,
    recoveryAttempts,
    probeAt,
    generation,
    seed,
    exhausted: type === 'breaker.exhausted',
  }
}
