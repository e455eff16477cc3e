import type { Breaker, BreakerRulesEvent } from './breakerState.ts'

/** A skill that never worked has a bug: its probe need not wait for an outage to end. */
export const TRIAL_MS = 1_000

/** No call has succeeded in this run, and all that counted failed in one way, which does not pass by itself. */
export const neverWorked = ({ proven, alike }: Pick<Breaker, 'proven' | 'alike'>) => !proven && typeof alike === 'string'

/** Remembers that the skill works. */
export const prove = (b: Breaker): Breaker => (b.proven ? b : { ...b, proven: true, alike: null })

/**
 * A skill that has worked in this run, and says of its items that they are bad, is neither better nor worse for it. What may pass by itself is of the
 * skill all the same.
 */
export const isOfItems = (b: Breaker, event: BreakerRulesEvent & { type: 'call.failed' }) =>
  event.ofItems === true && b.proven && event.class !== 'transient'

/** Compares a failure that counts with those before it. A class that may pass by itself, or an error of which nothing is known, is like no other. */
export function compare(b: Breaker, event: BreakerRulesEvent & { type: 'call.failed' }): Breaker {
  if (b.proven || b.alike === false) return b
  const way = event.class === 'transient' ? undefined : event.way
  if (way !== undefined && way === b.alike) return b
  return { ...b, alike: b.alike === null && way !== undefined ? way : false }
}
