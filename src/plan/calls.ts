import { resolve } from 'node:path'
import type { InputSpec, Plan, ScenarioPlan } from './model.ts'
import type { SkillSpec } from './skillModel.ts'
import { localPath } from './written.ts'

/** Of what a plan has come to, where a run that goes on takes it from: from the plan that it began with, or from the one that is given now. */
type From = 'stored' | 'given'

const SCENARIO: Record<keyof ScenarioPlan, From> = {
  name: 'stored',
  size: 'stored',
  multiplier: 'stored',
  difficulty: 'stored',
  input: 'stored',
  batchSize: 'stored',
  parallel: 'stored',
  params: 'stored',
  timeBudgetMs: 'given',
  batchTimeoutMs: 'given',
  memoryLimitMb: 'given',
  errorTolerance: 'given',
  expectedQuality: 'given',
  metrics: 'given',
}

const PLAN: Record<keyof Plan, From> = {
  name: 'stored',
  variants: 'stored',
  input: 'stored',
  scenarios: 'stored',
  sync: 'stored',
  order: 'stored',
  repetitions: 'stored',
  chaos: 'stored',
  preset: 'stored',
  scaling: 'stored',
  directory: 'given',
  written: 'given',
  milestones: 'given',
  warmupBatches: 'given',
  retry: 'given',
  breaker: 'given',
  recovery: 'given',
  classify: 'given',
  functions: 'given',
  durability: 'given',
  window: 'given',
  maxResultBytes: 'given',
  workers: 'given',
  shutdownMs: 'given',
  graceMs: 'given',
  secrets: 'given',
  expects: 'given',
  profileExpects: 'given',
  synthesize: 'given',
}

/**
 * The plan that a stored run goes on with. What decides its calls stays as it was when the run began, defaults of that time included;
 * the rest is as the plan says now. Both make the same calls.
 */
export function continued(stored: Plan, given: Plan): Plan {
  const here = (path: string) => resolve(given.directory, localPath(stored.directory, path))
  return {
    ...given,
    ...pick(stored, PLAN),
    variants: mapValues(inOrder(stored.variants, Object.keys(given.variants)), (skill, name) =>
      withPaths(withExitCodes(skill, given.variants[name]), here),
    ),
    input: withInputPaths(stored.input, here),
    scenarios: stored.scenarios.map((scenario) => ({
      ...scenario,
      ...given.scenarios.find(({ name }) => name === scenario.name),
      ...pick(scenario, SCENARIO),
      input: withInputPaths(scenario.input, here),
    })),
    sync: { ...stored.sync, timeoutMs: given.sync.timeoutMs },
  }
}

/** What a plan comes to: the calls that it makes, in every directory the same. */
export function callsOf(plan: Plan) {
  const local = (path: string) => localPath(plan.directory, path)
  const { name, order, repetitions, chaos, functions } = plan
  return {
    name,
    variants: mapValues(plan.variants, (skill) => withPaths(withExitCodes(skill, undefined), local)),
    scenarios: plan.scenarios.map((scenario) => {
      const { multiplier: _says, ...each } = pick(scenario, SCENARIO)
      return { ...each, input: withInputPaths(scenario.input, local) }
    }),
    sync: syncOf(plan),
    order,
    repetitions,
    chaos,
    functions: functions.filter((each) => each.includes('.')).map((each) => each.replace(/^skill\./, 'variants.default.')),
  }
}

function syncOf({ sync: { mode, at, stepPct } }: Plan) {
  if (mode === 'free') return { mode }
  return mode === 'milestone' ? { mode, at } : { mode, stepPct }
}

function withPaths(skill: SkillSpec, path: (path: string) => string): SkillSpec {
  if (skill.kind === 'function') return { ...skill, module: path(skill.module) }
  return skill.kind === 'command' ? { ...skill, cwd: path(skill.cwd) } : skill
}

function withExitCodes(skill: SkillSpec, given: SkillSpec | undefined): SkillSpec {
  if (skill.kind !== 'command') return skill
  return { ...skill, exitCodes: given?.kind === 'command' ? given.exitCodes : {} }
}

function withInputPaths(input: InputSpec, path: (path: string) => string): InputSpec {
  if (input.kind === 'file') return { ...input, file: path(input.file) }
  return input.kind === 'module' ? { ...input, module: path(input.module) } : input
}

/** A database sorts keys as it likes. */
export const inOrder = <Value>(record: Record<string, Value>, names: readonly string[]): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => names.indexOf(a) - names.indexOf(b)))

/** The keys that come from the stored plan. */
function pick<Value extends object>(value: Value, table: Record<keyof Value, From>): Value {
  return Object.fromEntries(Object.entries(value).filter(([key]) => table[key as keyof Value] === 'stored')) as Value
}

const mapValues = <Value>(record: Record<string, Value>, map: (value: Value, key: string) => Value): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]))
