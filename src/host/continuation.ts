import { isDeepStrictEqual } from 'node:util'
import { PlanConflictError, TroupeError } from '../errors.ts'
import type { RunRow, Store } from '../persistence/store.ts'
import { continued, planDifferences, sameCalls, type Plan } from '../plan.ts'
import { hashInputs, type HashingInputs } from './hashInputs.ts'
import type { Prepared } from './prepare.ts'
import { storedFingerprint, storedPlan } from './storedPlan.ts'

/** Runs of the same name that are looked at one by one, the newest first. */
const LOOKED_AT = 50

/**
 * The newest run that a plan began and can go on with.
 * One of another fingerprint is one too if it makes the same calls: an earlier version made its fingerprint otherwise, or had other defaults.
 */
export async function beginning(
  store: Store,
  given: Prepared,
  { accept, ...filter }: { unfinished: boolean; accept?: (row: RunRow) => Promise<boolean> },
  reading: HashingInputs = {},
): Promise<RunRow | null> {
  for (const row of await store.find({ ...filter, fingerprint: given.fingerprint, limit: accept ? LOOKED_AT : 1 })) {
    if (!accept || (await accept(row))) return row
  }
  for (const row of await store.find({ ...filter, name: given.plan.name, limit: LOOKED_AT })) {
    if ((!accept || (await accept(row))) && (await isBegunBy(row, given, reading))) return row
  }
  return null
}

/** The plan with which a run goes on. @throws {PlanConflictError} if the given one makes other calls. */
export async function continuation(row: RunRow, given: Prepared, reading: HashingInputs = {}): Promise<Plan> {
  const stored = storedPlan(row)
  const plan = await continues(row, stored, given, reading)
  if (plan) return plan
  throw new PlanConflictError(row.id, planDifferences(stored, given.plan))
}

async function isBegunBy(row: RunRow, given: Prepared, reading: HashingInputs): Promise<boolean> {
  try {
    return (await continues(row, storedPlan(row), given, reading)) !== null
  } catch (error) {
    // A newer program stored it, or its items are not there any more.
    if (error instanceof TroupeError) return false
    throw error
  }
}

async function continues(row: RunRow, stored: Plan, given: Prepared, reading: HashingInputs): Promise<Plan | null> {
  if (!sameCalls(stored, given.plan)) return null
  const plan = continued(stored, given.plan)
  if (row.fingerprint === given.fingerprint) return plan
  // With the sizes of then: a changed default must not ask for other items.
  const items = isDeepStrictEqual(itemsOf(plan), itemsOf(given.plan)) ? given.inputHash : await hashInputs(plan, reading)
  return storedFingerprint(row, stored, items) === row.fingerprint ? plan : null
}

const itemsOf = ({ scenarios }: Plan) => scenarios.map(({ input, size }) => ({ input, size }))
