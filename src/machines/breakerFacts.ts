import type { ErrorClass } from '../plan.ts'
import type { Breaker, BreakerStatus } from './breakerState.ts'
import { neverWorked } from './breakerTrial.ts'

/** What the orchestrator must know of a breaker. */
export interface BreakerView {
  variant: string
  status: BreakerStatus
  exhausted: boolean
  /** The skill has a bug, as far as its calls tell: to try again would only repeat it. */
  neverWorked: boolean
  /** How many calls may pass at once while it is half-open. */
  probes: number
}

export const viewOf = (breaker: Breaker): BreakerView => ({
  variant: breaker.spec.variant,
  status: breaker.status,
  exhausted: breaker.exhausted,
  neverWorked: neverWorked(breaker),
  probes: breaker.spec.options.probes,
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
  proven: boolean
  alike: Breaker['alike']
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
  const { status, sum, recoveryAttempts, probeAt, generation, seed, proven, alike, exhausted, spec } = after
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
    proven,
    alike,
    at,
  }
}

const STATUSES = Object.fromEntries(Object.entries(TYPES).map(([status, type]) => [type, status])) as Record<string, BreakerStatus>

type Told = Omit<BreakerChange, 'proven' | 'alike'> & Partial<Pick<BreakerChange, 'proven' | 'alike'>>

/** The breaker as the event that it told of left it. */
export function breakerAfter(initial: Breaker, { type, data }: { type: string; data: Record<string, unknown> }): Breaker {
  // Earlier versions did not tell: nothing is concluded from their errors.
  const { sum, recoveryAttempts, probeAt, generation, seed, proven = true, alike = null } = data as unknown as Told
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
    proven,
    alike,
    exhausted: type === 'breaker.exhausted',
  }
}
