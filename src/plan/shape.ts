import type { z } from 'zod'
import { keysOf, nodeAt, planJsonSchema, type SchemaNode } from './jsonSchema.ts'
import type { PlanPath, Problem } from './problem.ts'
import { planSchema, type PlanWritten } from './schema.ts'
import { didYouMean, expected, found } from './wording.ts'

type Issue = z.core.$ZodIssue

const later = new Set(['metrics', 'score', 'thresholds', 'cost', 'baseline'])
/** Made when something is wrong, not at each start. */
const standIn = (): PlanWritten => planSchema.parse({ name: NAME })
const NAME = 'plan'

/**
 * Reads what a user wrote against the schema.
 * What is wrong is left out of `written`, so that the checks across keys can still say what else is wrong.
 */
export function readShape(input: unknown): { written: PlanWritten; problems: Problem[] } {
  const first = planSchema.safeParse(input)
  if (first.success) return { written: first.data, problems: [] }
  const schema: SchemaNode = planJsonSchema()
  const issues = first.error.issues.flatMap((issue) => leaves(issue, []))
  return { written: withoutWrong(input, issues), problems: issues.flatMap((issue) => describe(issue, input, schema)) }
}

/** An issue of a union becomes the issues of the branch that was most likely meant. */
function leaves(issue: Issue, above: PlanPath): Issue[] {
  const path = [...above, ...issue.path]
  if (issue.code !== 'invalid_union') return [{ ...issue, path }]
  const meant = issue.errors.toSorted((a, b) => distanceOf(a) - distanceOf(b))[0]
  if (!meant || distanceOf(meant) === Infinity) return [{ ...issue, path }]
  return meant.flatMap((inner) => leaves(inner, path))
}

function distanceOf(branch: readonly Issue[]): number {
  if (branch.some((issue) => issue.path.length === 0 && issue.code !== 'unrecognized_keys')) return Infinity
  // Its `kind` says which one was meant, whatever else is wrong with it.
  return branch.length + (branch.some((issue) => issue.path.length === 1 && isOtherKind(issue)) ? OTHER_KIND : 0)
}

const OTHER_KIND = 1_000
const isOtherKind = (issue: Issue) => issue.code === 'invalid_value' && issue.values.length === 1

function describe(issue: Issue, input: unknown, schema: SchemaNode): Problem[] {
  const { path } = issue
  const node = nodeAt(schema, path)
  if (issue.code === 'unrecognized_keys') {
    const meant = node && ofItsKind(node, valueAt(input, path))
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, path, meant, schema) }))
  }
  if (issue.code === 'invalid_key') {
    const names = nodeAt(schema, path.slice(0, -1))?.propertyNames
    return [{ path, message: `found the key ${found(String(path.at(-1)))}, expected ${expected(names, undefined)}` }]
  }
  const value = valueAt(input, path)
  if (path.length === 0)
    return [
      { path, message: `found ${found(value ?? undefined)}, expected a plan: an object such as { "name": "x", "skill": "./skill.mjs" }` },
    ]
  const words = value === undefined ? 'missing' : `found ${found(value)}`
  return [
    { path, message: `${words}, expected ${expected(node, value)}${typeof value === 'string' ? didYouMean(value, wordsOf(node)) : ''}` },
  ]
}

/** Of several shapes those that have the `kind` of the value. */
function ofItsKind(node: SchemaNode, value: unknown): SchemaNode {
  const kind = valueAt(value, ['kind'])
  const meant = (node.anyOf ?? []).filter(({ properties }) => kind !== undefined && properties?.kind?.const === kind)
  return meant.length > 0 ? { anyOf: meant } : node
}

function unknownKey(key: string, path: PlanPath, node: SchemaNode | undefined, schema: SchemaNode): string {
  if (path.length === 0 && later.has(key)) return 'not supported by this version'
  if (path.length === 0 && key === 'database') return 'belongs to the command line (--database URL) or to openTroupe, not to a plan'
  const known = node ? [...new Set(keysOf(node))] : []
  const meant = didYouMean(key, known)
  if (meant) return `unknown key${meant}`
  const scenario = nodeAt(schema, ['scenarios', ''])
  if (path.length === 0 && scenario && keysOf(scenario).includes(key)) return `unknown key; it belongs to a scenario: scenarios.NAME.${key}`
  if (path[0] === 'scenarios' && keysOf(schema).includes(key)) return `unknown key; it belongs to the plan, not to one of its scenarios`
  return `unknown key, expected one of ${known.join(', ')}`
}

function wordsOf(node: SchemaNode | undefined): string[] {
  const words = [...(node?.enum ?? []), node?.const].filter((word) => typeof word === 'string')
  return [...words, ...(node?.anyOf ?? []).flatMap(wordsOf)]
}

/** Leaves out what the issues are about, then what cannot stand without that. */
function withoutWrong(input: unknown, issues: readonly Issue[]): PlanWritten {
  let rest = input
  let wrong = issues
  // Each round climbs at least one level, and no plan is deeper than this.
  for (let round = 0; round < 10; round++) {
    for (const issue of wrong) {
      if (issue.code === 'unrecognized_keys') rest = withoutKeys(rest, issue.path, new Set(issue.keys))
      else rest = without(rest, issue.path) ?? rest
    }
    const next = planSchema.safeParse(rest)
    if (next.success) return next.data
    wrong = next.error.issues.flatMap((issue) => leaves(issue, []))
  }
  return standIn()
}

/** All at once: to copy an object for each of thousands of keys takes minutes. */
function withoutKeys(value: unknown, path: PlanPath, keys: ReadonlySet<string>): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const [key, ...below] = path
  if (key === undefined) return Object.fromEntries(Object.entries(value).filter(([each]) => !keys.has(each)))
  return Object.fromEntries(Object.entries(value).map(([each, child]) => [each, each === key ? withoutKeys(child, below, keys) : child]))
}

function without(value: unknown, path: PlanPath): unknown {
  const [key, ...below] = path
  if (key === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  if (key === 'name' && below.length === 0) return { ...value, name: NAME }
  const children = new Map(Object.entries(value))
  const child = children.get(String(key))
  const rest = below.length === 0 ? undefined : without(child, below)
  // A required key that is missing takes its object with it.
  if (below.length === 0 && !children.has(String(key))) return undefined
  if (rest === undefined) children.delete(String(key))
  else children.set(String(key), rest)
  return Object.fromEntries(children)
}

function valueAt(input: unknown, path: PlanPath): unknown {
  return path.reduce<unknown>(
    (value, segment) => (typeof value === 'object' && value !== null ? Reflect.get(value, segment) : undefined),
    input,
  )
}
