import { createHash } from 'node:crypto'
import { callsOf } from './calls.ts'
import { identityOf } from './identity.ts'
import type { Plan } from './model.ts'

/**
 * Hex sha256 of what decides which calls a run makes: what the user wrote of it, command line included, and the run's items.
 * The same on every machine and in every directory.
 */
export function fingerprint(plan: Plan, inputHash: string): string {
  return sha256({ plan: plan.written ? identityOf(plan.written, plan) : callsOf(plan), input: inputHash })
}

/** Of JSON with sorted keys, so that the order in which it was assembled does not matter. */
export const sha256 = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('hex')

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
