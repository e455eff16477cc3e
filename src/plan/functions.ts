import type { ErrorClass } from './failureSchemas.ts'

/** Makes one result of all claims. Written as a method so that a function of a narrower type of claims fits. */
export type Synthesize = { call(claims: readonly unknown[]): unknown }['call']

/** Says of what class an error is; nothing leaves it to the rules. */
export type Classify = { call(error: unknown): ErrorClass | null | undefined }['call']

/** What came back of one request. `body`: parsed where it is JSON, else its text. */
export interface HttpResponse {
  status: number
  headers: Record<string, string>
  body: unknown
}

/** Of an `http` skill. `input`: the items of the batch or, with mode `item`, the item. */
export interface HttpFunctions {
  body?: { call(input: unknown, context: unknown): unknown }['call']
  result?: { call(response: HttpResponse, input: unknown): unknown }['call']
}

/** What a TypeScript plan may hold beside JSON. */
export interface PlanFunctions {
  synthesize?: Synthesize
  classify?: Classify
  /** By variant. */
  skills?: Record<string, HttpFunctions>
}

/** A plan as written, parted into what is JSON and its functions. */
export function separateFunctions(input: unknown): { plan: unknown; functions: PlanFunctions } {
  if (!isRecord(input)) return { plan: input, functions: {} }
  const { rest: plan, found } = take(input, ['synthesize', 'classify'])
  const functions: PlanFunctions = found
  // A variant may be called `constructor`.
  const skills = Object.create(null) as Record<string, HttpFunctions>
  const separate = (variant: string, skill: unknown) => {
    if (!isRecord(skill) || skill.kind !== 'http') return skill
    const { rest, found: own } = take(skill, ['body', 'result'])
    if (Object.keys(own).length > 0) skills[variant] = own
    return rest
  }
  if ('skill' in plan) plan.skill = separate('default', plan.skill)
  if (isRecord(plan.variants))
    plan.variants = Object.fromEntries(Object.entries(plan.variants).map(([name, skill]) => [name, separate(name, skill)]))
  return { plan, functions: Object.keys(skills).length > 0 ? { ...functions, skills } : functions }
}

/** Where they stood in the plan, which is now without them: `classify`, `skill.body`, `variants.fast.result`. */
export function namesOf({ skills = {}, ...functions }: PlanFunctions, plan: unknown): string[] {
  const place = placeIn(plan)
  const ofSkills = Object.entries(skills).flatMap(([variant, own]) => Object.keys(own).map((key) => [...place(variant), key].join('.')))
  return [...Object.keys(functions), ...ofSkills]
}

/** Skills whose body is made by a function, with the way to them. */
export function bodiesOf({ skills = {} }: PlanFunctions, plan: unknown) {
  const place = placeIn(plan)
  return Object.keys(skills).flatMap((variant) => (skills[variant]!.body ? [{ variant, path: place(variant) }] : []))
}

const placeIn = (plan: unknown) => (variant: string) => (isRecord(plan) && 'variants' in plan ? ['variants', variant] : ['skill'])

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function take(record: Record<string, unknown>, keys: readonly string[]) {
  const isTaken = ([key, value]: [string, unknown]) => keys.includes(key) && typeof value === 'function'
  const entries = Object.entries(record)
  return {
    rest: Object.fromEntries(entries.filter((entry) => !isTaken(entry))) as Record<string, unknown>,
    found: Object.fromEntries(entries.filter(isTaken)),
  }
}
