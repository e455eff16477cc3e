import type { z } from 'zod'
import type { Classify, HttpFunctions, Synthesize } from './plan/functions.ts'
import type { planSchema } from './plan/schema.ts'
import type { HttpInput, SkillInput } from './plan/skillSchemas.ts'

export { chaosText } from './plan/chaosText.ts'
export { continued, inOrder } from './plan/calls.ts'
export { planDifferences, sameCalls } from './plan/differences.ts'
export { breakerPlan, DEFAULT_BREAKER } from './plan/failures.ts'
export { fingerprint } from './plan/fingerprint.ts'
export {
  separateFunctions,
  type Classify,
  type HttpFunctions,
  type HttpResponse,
  type PlanFunctions,
  type Synthesize,
} from './plan/functions.ts'
export { planJsonSchema } from './plan/jsonSchema.ts'
export { loadPlan, type LoadedPlan } from './plan/load.ts'
export type { BreakerPlan, ChaosPlan, InputSpec, Json, Plan, PlanOverrides, RetryPlan, ScenarioPlan } from './plan/model.ts'
export { normalizePlan, type NormalizeOptions } from './plan/normalize.ts'
export type { CommandFormat, CommandSkill, FunctionSkill, HttpSkill, SkillSpec } from './plan/skillModel.ts'
export { environmentNames, skillText } from './plan/skillSpec.ts'
export { firstFingerprint, type FirstPlan } from './plan/released/first.ts'
export { parseTemplate, type Place, type Template } from './plan/template.ts'
export { didYouMean, nearest } from './plan/wording.ts'
export type { Durability, ErrorClass, GrowthClass, Order, SyncMode } from './plan/schema.ts'

type Written = z.input<typeof planSchema>
type SkillOrFunctions = SkillInput | (Omit<HttpInput, 'body' | 'result'> & (Pick<HttpInput, 'body' | 'result'> | HttpFunctions))

/** What a user writes. In TypeScript `synthesize`, `classify`, and `body` and `result` of an `http` skill may be functions. */
export type PlanInput = Omit<Written, 'synthesize' | 'classify' | 'skill' | 'variants'> & {
  synthesize?: Written['synthesize'] | Synthesize
  classify?: Written['classify'] | Classify
  skill?: SkillOrFunctions
  variants?: Record<string, SkillOrFunctions>
}

/**
 * Gives a plan in TypeScript its types. Nothing is checked before it is loaded.
 *
 * @example
 * export default definePlan({ name: 'duplicates', skill: './skill.ts', sync: { mode: 'milestone' } })
 */
export const definePlan = (plan: PlanInput): PlanInput => plan
