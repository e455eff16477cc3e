import { isDeepStrictEqual } from 'node:util'
import { identityOf } from './identity.ts'
import type { Plan } from './model.ts'
import { pathText, type PlanPath } from './problem.ts'
import { found } from './wording.ts'

/**
 * What makes two plans compute different things, one line each: `scenarios.medium.batchSize: was 10, is 20`.
 * Empty where they differ only in what a fingerprint leaves out, or in their items.
 */
export function planDifferences(stored: Plan, given: Plan): string[] {
  return [...compare(withNames(stored), withNames(given), []), ...compareOrder(namesOf(stored), namesOf(given))]
}

function compare(was: unknown, is: unknown, path: PlanPath): string[] {
  if (isDeepStrictEqual(was, is)) return []
  if (!isRecord(was) || !isRecord(is)) return [`${pathText(path)}: was ${found(was)}, is ${found(is)}`]
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  return keys.flatMap((key) => compare(own(was, key), own(is, key), [...path, key]))
}

function compareOrder(was: string[], is: string[]): string[] {
  const sameNames = isDeepStrictEqual(was.toSorted(), is.toSorted())
  return sameNames && !isDeepStrictEqual(was, is) ? [`scenarios: were ${was.join(', ')}, are ${is.join(', ')}`] : []
}

/** Scenarios under their names, as they are written. */
function withNames(plan: Plan) {
  const { scenarios, ...rest } = identityOf(plan)
  return { ...rest, scenarios: Object.fromEntries(scenarios.map(({ name, ...scenario }) => [name, scenario])) }
}

const namesOf = (plan: Plan) => plan.scenarios.map(({ name }) => name)

// A scenario may well be called `constructor`.
const own = (record: Record<string, unknown>, key: string) => (Object.hasOwn(record, key) ? record[key] : undefined)

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
