import { resolve } from 'node:path'
import { PlanError, type PlanProblem } from '../errors.ts'
import { breakerOf, chaosOf } from './failures.ts'
import { bodiesOf, namesOf, separateFunctions } from './functions.ts'
import type { Plan, PlanOverrides, ScenarioPlan } from './model.ts'
import { baseSizeOf, limited, onlyThose, override } from './overrides.ts'
import { tierOf, qualityLevels, type Tier } from './presets.ts'
import { pathText, startsWith, type PlanPath, type Problem, type Report } from './problem.ts'
import { growthClassOf, profileOf } from './profiles.ts'
import { disordered } from './keyOrder.ts'
import { createReferences, mergeInputs, type References } from './references.ts'
import { defaultWorkers, type PlanWritten, type ScenarioWritten } from './schema.ts'
import { readShape } from './shape.ts'
import { sizeScenarios, type SizedScenario } from './sizes.ts'
import { checkBody, environmentNames } from './skillSpec.ts'
import { unsoundIn } from './soundness.ts'
import { writtenOf } from './written.ts'

export interface NormalizeOptions {
  /** What relative paths in the plan are resolved against. */
  directory: string
  /** How messages call the plan. */
  file?: string
  overrides?: PlanOverrides
  /** The order of its keys has been checked against its text. */
  inOrder?: boolean
  /** In the order of the plan's text. Default: that of the object. */
  scenarioNames?: readonly string[]
  /** The line, from 1, of what lies at a path in the plan's file. */
  lineOf?: (path: PlanPath) => number | undefined
}

const DEFAULT_BASE_SIZE = 100

/**
 * Fills in every default and makes every path absolute.
 * @throws {PlanError} with everything that is wrong: keys, values, what does not fit together, files that are not there.
 */
export function normalizePlan(input: unknown, options: NormalizeOptions): Plan {
  const directory = resolve(options.directory)
  const unsound = unsoundIn(input)
  if (unsound.length > 0) throw new PlanError(located(unsound, options), options.file)
  const { plan: json, functions } = separateFunctions(input)
  const { written: shaped, problems: shape } = readShape(json)
  const names = scenarioNamesOf(shaped, options.scenarioNames)
  const across: Problem[] = []
  const report: Report = (path, message) => across.push({ path, message })
  const plan = assemble(shaped, names, directory, options.overrides ?? {}, report)
  for (const { variant, path } of bodiesOf(functions, json)) checkBody(plan.variants[variant]!, path, report)
  const moved = options.inOrder === true ? [] : disordered(json)
  const problems = [...moved, ...shape, ...across.filter((problem) => !followsFrom(problem, shape))]
  if (problems.length > 0) throw new PlanError(located(problems, options), options.file)
  return { ...plan, functions: namesOf(functions, json), written: { ...writtenOf(json, options.overrides ?? {}), scenarios: names } }
}

/** In the order of the file. What the plan gives to several scenarios is checked for each: said once. */
function located(problems: readonly Problem[], { lineOf }: NormalizeOptions): PlanProblem[] {
  const said = new Set<string>()
  const all = problems.flatMap(({ path, message }) => {
    const text = `${pathText(path)}: ${message}`
    if (said.has(text)) return []
    said.add(text)
    const line = lineOf?.(path)
    return [{ path: pathText(path), ...(line !== undefined && { line }), message }]
  })
  return all.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
}

/** `null` where the plan writes no scenarios. What is wrong with one of them may have taken it away. */
function scenarioNamesOf({ scenarios }: PlanWritten, asWritten: readonly string[] | undefined): string[] | null {
  if (!scenarios) return null
  return asWritten ? asWritten.filter((name) => Object.hasOwn(scenarios, name)) : Object.keys(scenarios)
}

function assemble(
  asWritten: PlanWritten,
  ownNames: readonly string[] | null,
  directory: string,
  overrides: PlanOverrides,
  report: Report,
): Plan {
  const written = override(asWritten, overrides, report)
  const references = createReferences(directory, report)
  const ofPlan = written.baseSize ?? DEFAULT_BASE_SIZE
  const inForce = baseSizeOf(ofPlan, overrides.size, report)
  const profile = profileOf(written.scaling, inForce)
  const sized = limited(sizeScenarios(inOrder(written.scenarios, ownNames), profile, { inForce, ofPlan }, report), overrides.limit, report)
  checkSizeMatters(sized, profile.name, overrides, report)
  checkOrderAndSync(written, overrides, report)
  checkIncreasing(written.sync.at, ['sync', 'at'], report)
  checkIncreasing(written.milestones, ['milestones'], report)
  const scenarios = sized.map((scenario, index) =>
    complete(scenario, written, tierOf(written.preset, scenario.name, index, sized.length), references),
  )
  const variants = variantsOf(written, references, report)
  const names = (written.scenarios && ownNames) ?? profile.rungs.map(({ name }) => name)
  const ownExpects = typeof written.scaling === 'string' ? undefined : written.scaling.expects
  const expects = written.expects ?? ownExpects
  return {
    name: written.name,
    directory,
    variants,
    input: references.input(written.input ?? {}, ['input'], 'uniform'),
    scenarios: onlyThose(scenarios, names, overrides.only, report),
    sync: written.sync,
    milestones: [...new Set([0, ...written.milestones, 100])],
    order: written.order,
    warmupBatches: written.warmupBatches,
    repetitions: written.repetitions,
    retry: written.retry,
    breaker: breakerOf(written, report),
    recovery: written.recovery,
    classify: references.exported(written.classify, 'classify'),
    chaos: chaosOf(written, scenarios, report),
    functions: [],
    durability: written.durability,
    window: written.window,
    maxResultBytes: written.maxResultBytes,
    workers: { max: written.workers.max ?? defaultWorkers() },
    shutdownMs: written.shutdownMs,
    graceMs: written.graceMs,
    secrets: [...new Set([...written.secrets, ...Object.values(variants).flatMap(environmentNames)])],
    expects: expects === undefined ? null : growthClassOf(expects),
    profileExpects: profile.expects,
    preset: written.preset,
    scaling: profile.name,
    synthesize: references.exported(written.synthesize, 'synthesize'),
    written: null,
  }
}

const inOrder = (scenarios: PlanWritten['scenarios'], names: readonly string[] | null) =>
  scenarios && names?.map((name): [string, ScenarioWritten] => [name, scenarios[name]!])

function complete({ name, size, multiplier, written }: SizedScenario, plan: PlanWritten, tier: Tier, references: References): ScenarioPlan {
  const { generator, ...preset } = tier
  return {
    name,
    size,
    multiplier,
    difficulty: written.difficulty ?? preset.difficulty,
    input: references.input(mergeInputs(plan.input, written.input), written.input ? ['scenarios', name, 'input'] : ['input'], generator),
    batchSize: written.batchSize ?? plan.batchSize ?? preset.batchSize,
    parallel: written.parallel ?? plan.parallel ?? preset.parallel,
    timeBudgetMs: written.timeBudgetMs === undefined ? preset.timeBudgetMs : written.timeBudgetMs,
    batchTimeoutMs: written.batchTimeoutMs ?? plan.batchTimeoutMs,
    memoryLimitMb: written.memoryLimitMb ?? preset.memoryLimitMb,
    errorTolerance: written.errorTolerance ?? preset.errorTolerance,
    expectedQuality: qualityOf(written.expectedQuality, preset.expectedQuality),
    metrics: written.metrics ?? [...preset.metrics],
    params: { ...preset.params, ...written.params },
  }
}

function qualityOf(written: ScenarioWritten['expectedQuality'], preset: number | null): number | null {
  if (written === undefined) return preset
  return typeof written === 'string' ? qualityLevels[written] : written
}

function variantsOf({ skill, variants }: PlanWritten, references: References, report: Report): Plan['variants'] {
  if (skill !== undefined && variants) report(['variants'], 'found beside skill, expected one of the two')
  if (skill === undefined && !variants)
    report(['skill'], 'missing, expected the path of a module such as "./skill.mjs", an object, or variants')
  if (variants && Object.keys(variants).length === 0) report(['variants'], 'found none, expected at least one skill')
  const alone = skill === undefined ? [] : [['default', references.skill(skill, ['skill'])] as const]
  const several = Object.entries(variants ?? {}).map(([name, each]) => [name, references.skill(each, ['variants', name])] as const)
  return Object.fromEntries([...alone, ...several])
}

function checkOrderAndSync({ order, sync }: PlanWritten, overrides: PlanOverrides, report: Report) {
  if (order !== 'serial' || sync.mode === 'free') return
  const path = overrides.sync ? ['--sync'] : overrides.order ? ['--order'] : ['order']
  report(path, `serial order with sync ${sync.mode}: scenarios that run one after the other cannot wait for each other; expected sync free`)
}

function checkSizeMatters(sized: readonly SizedScenario[], scaling: Plan['scaling'], { size }: PlanOverrides, report: Report) {
  const fixed =
    sized.length > 0 &&
    sized.every(({ written, origin }) => written.size !== undefined || (scaling === 'custom' && origin.at(-1) !== 'multiplier'))
  if (size !== undefined && fixed) report(['--size'], 'has no effect: every scenario of this plan has a size of its own')
}

function checkIncreasing(values: readonly number[], path: PlanPath, report: Report) {
  for (const [index, value] of values.entries()) {
    const before = values[index - 1]
    if (before !== undefined && value <= before) report([...path, index], `found ${value} after ${before}, expected increasing values`)
  }
}

/** Whether a problem may only be there because something else is wrong, so that it would mislead. */
function followsFrom({ path }: Problem, shape: readonly Problem[]): boolean {
  if (shape.some((problem) => startsWith(path, problem.path) || startsWith(problem.path, path))) return true
  const aboutSizes =
    path[0] === 'scaling' ||
    path[0] === '--size' ||
    path[0] === '--only' ||
    (path[0] === 'scenarios' && (path[2] === 'size' || path[2] === 'multiplier'))
  return aboutSizes && shape.some((problem) => decidesSizes(problem.path))
}

function decidesSizes([key, , setting, ...deeper]: PlanPath): boolean {
  if (key === 'baseSize' || key === 'scaling') return true
  return key === 'scenarios' && (setting === undefined || ((setting === 'size' || setting === 'multiplier') && deeper.length === 0))
}
