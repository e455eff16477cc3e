import { createHash } from 'node:crypto'
import { identityOf } from './identity.ts'
import type { Plan } from './model.ts'

/**
 * Hex sha256 of what a run computes: the plan as its command line changed it, its skills' versions, and its items.
 * The same on every machine and in every directory.
 */
export function fingerprint(plan: Plan, inputHash: string): string {
  return createHash('sha256')
    .update(canonical({ plan: identityOf(plan), input: inputHash }))
    .digest('hex')
}

/** JSON with sorted keys, so that the order in which a plan was assembled does not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
