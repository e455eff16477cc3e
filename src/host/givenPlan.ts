import { loadPlan, normalizePlan, separateFunctions, type LoadedPlan, type PlanInput, type PlanOverrides } from '../plan.ts'
import { during, type Say } from '../waiting.ts'

/** A plan as a program gives it: an object, a plan that was loaded, or a file. @throws {PlanError} and what `loadPlan` says. */
export async function givenPlan(
  plan: PlanInput | LoadedPlan | string,
  { overrides, directory = process.cwd() }: { overrides?: PlanOverrides | undefined; directory?: string | undefined },
  say: Say | undefined,
): Promise<LoadedPlan> {
  if (typeof plan === 'string')
    return during(
      say,
      () => `loading ${plan}`,
      () => loadPlan(plan, overrides),
    )
  if (typeof plan === 'object' && plan !== null && 'functions' in plan) return plan
  return { plan: normalizePlan(plan, { directory, overrides }), functions: separateFunctions(plan).functions }
}
