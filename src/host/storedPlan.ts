import { z } from 'zod'
import { StoredDamagedError, StoredVersionError } from '../errors.ts'
import type { RunRow } from '../persistence/store.ts'
import { fingerprint, firstFingerprint, inOrder, type FirstPlan, type Plan } from '../plan.ts'

/** The form in which plans are stored now. A released form that changes gets the next number, an upcast, and golden rows in `test/golden`. */
export const PLAN_VERSION = 2

type Upcast = (stored: Record<string, unknown>) => Record<string, unknown>

/** From 1, the form of version 0.1.0: functions were not named at first, and what was written was not stored. */
const fromFirst: Upcast = (stored) => ({ functions: [], chaos: null, ...stored, written: null })

/** `UPCASTS[0]` leads from 1 to 2. */
const UPCASTS: readonly Upcast[] = [fromFirst]

type StoredRow = Pick<RunRow, 'id' | 'plan' | 'planVersion'>

/**
 * The plan of a stored run, in today's form. Nothing else reads a stored plan.
 * @throws {StoredVersionError} if a newer program stored it. @throws {StoredDamagedError} if it is no plan.
 */
export function storedPlan({ id, plan, planVersion }: StoredRow): Plan {
  if (planVersion > PLAN_VERSION) throw new StoredVersionError('plan', id, planVersion, PLAN_VERSION)
  const upcast = UPCASTS.slice(planVersion - 1).reduce((stored, step) => step(stored), plan as Record<string, unknown>)
  const checked = outline.safeParse(upcast)
  if (checked.success) return inItsOrder(upcast as object as Plan)
  const [issue] = checked.error.issues
  throw new StoredDamagedError('plan', id, `${issue!.path.join('.')}: ${issue!.message}`)
}

const inItsOrder = (plan: Plan): Plan =>
  plan.written?.variants ? { ...plan, variants: inOrder(plan.variants, plan.written.variants) } : plan

/** The fingerprint of a stored run if its items were those of `inputHash`, made as the program that stored it made it. */
export const storedFingerprint = ({ plan, planVersion }: StoredRow, upcast: Plan, inputHash: string): string =>
  planVersion === 1 ? firstFingerprint(plan as FirstPlan, inputHash) : fingerprint(upcast, inputHash)

const names = z.array(z.string())
const count = z.number().min(0)

/** What every reader relies on. The rest was checked when it was written. */
const outline = z.looseObject({
  name: z.string(),
  directory: z.string(),
  variants: z.record(z.string(), z.looseObject({ kind: z.string(), params: z.looseObject({}) })),
  scenarios: z.array(z.looseObject({ name: z.string(), size: count, batchSize: count, parallel: count, input: z.looseObject({}) })).min(1),
  sync: z.looseObject({ mode: z.string(), at: z.array(count), stepPct: count, timeoutMs: count }),
  milestones: z.array(count),
  order: z.string(),
  repetitions: count,
  retry: z.looseObject({ attempts: count }),
  breaker: z.looseObject({ threshold: count }).nullable(),
  recovery: z.looseObject({ attempts: count }),
  workers: z.looseObject({ max: count }),
  functions: names,
  secrets: names,
  written: z.looseObject({ plan: z.looseObject({}), overrides: z.looseObject({}) }).nullable(),
})
