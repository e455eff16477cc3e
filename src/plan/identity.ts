import { relative, sep } from 'node:path'
import type { InputSpec, Plan } from './model.ts'
import type { SkillSpec } from './skillModel.ts'

/**
 * The part of a plan that decides what is computed, with paths relative to the plan.
 * How many processes work at it, how soon results are stored, how long an end may take and when calls are held back are left out:
 * changing those must not make a user pay again.
 */
export function identityOf(plan: Plan) {
  const {
    directory,
    workers: _w,
    shutdownMs: _s,
    graceMs: _g,
    secrets: _e,
    durability: _d,
    window: _n,
    breaker: _b,
    recovery: _r,
    ...rest
  } = plan
  const local = (path: string) => relative(directory, path).split(sep).join('/')
  const skill = (each: SkillSpec): SkillSpec => {
    if (each.kind === 'function') return { ...each, module: local(each.module) }
    return each.kind === 'command' ? { ...each, cwd: local(each.cwd) } : each
  }
  return {
    ...rest,
    variants: Object.fromEntries(Object.entries(plan.variants).map(([name, each]) => [name, skill(each)])),
    input: localInput(plan.input, local),
    scenarios: plan.scenarios.map((scenario) => ({ ...scenario, input: localInput(scenario.input, local) })),
    classify: plan.classify && { ...plan.classify, module: local(plan.classify.module) },
    synthesize: plan.synthesize && { ...plan.synthesize, module: local(plan.synthesize.module) },
  }
}

function localInput(input: InputSpec, local: (path: string) => string): InputSpec {
  if (input.kind === 'file') return { ...input, file: local(input.file) }
  return input.kind === 'module' ? { ...input, module: local(input.module) } : input
}
