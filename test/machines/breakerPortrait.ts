import { expect } from 'vitest'
import type { Breaker } from '../../src/machines/breakerState.ts'
import type { Moment } from './breakerSequences.ts'

/** What the sequences say of a breaker. */
export const portraitOf = ({ status, sum, recoveryAttempts, probeAt, permits, exhausted }: Breaker) => ({
  status,
  sum,
  recoveryAttempts,
  probeAt,
  permits: permits.map(({ id }) => id),
  exhausted,
})

/** The portrait that a moment asks for. Sums are worked out in decimals. */
export const wanted = ([, , status, { sum, recoveryAttempts = 0, probeAt = null, permits = [], exhausted = false }]: Moment) => ({
  status,
  sum: expect.closeTo(sum, 9) as number,
  recoveryAttempts,
  probeAt,
  permits,
  exhausted,
})
