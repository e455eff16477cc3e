import type { z } from 'zod'
import type { Synthesize } from './plan/functions.ts'
import type { planSchema } from './plan/schema.ts'

export { planDifferences } from './plan/differences.ts'
export { fingerprint } from './plan/fingerprint.ts'
export { separateFunctions, type PlanFunctions, type Synthesize } from './plan/functions.ts'
export { planJsonSchema } from './plan/jsonSchema.ts'
export { loadPlan, type LoadedPlan } from './plan/load.ts'
export type { FunctionSkill, InputSpec, Json, Plan, PlanOverrides, RetryPlan, ScenarioPlan } from './plan/model.ts'
export { normalizePlan, type NormalizeOptions } from './plan/normalize.ts'
export { nearest } from './plan/wording.ts'
export { planSchema, type Durability, type ErrorClass, type GrowthClass, type Order, type SyncMode } from './plan/schema.ts'

/** What a user writes. In TypeScript `synthesize` may be a function. */
export type PlanInput = Omit<z.input<typeof planSchema>, 'synthesize'> & {
  synthesize?: z.input<typeof planSchema>['synthesize'] | Synthesize
}

/**
 * Gives a plan in TypeScript its types. Nothing is checked before it is loaded.
 *
 * @example
 * export default definePlan({ name: 'duplicates', skill: './skill.ts', sync: { mode: 'milestone' } })
 */
export const definePlan = (plan: PlanInput): PlanInput => plan
