import { isDeepStrictEqual } from 'node:util'
import { callsOf } from './calls.ts'
import { sha256 } from './fingerprint.ts'
import { identityOf } from './identity.ts'
import type { Json, Plan } from './model.ts'
import { pathText, type PlanPath } from './problem.ts'
import { found } from './wording.ts'

/** Whether two plans make the same calls of the same items: what is written decides the same, or it comes to the same. */
export function sameCalls(stored: Plan, given: Plan): boolean {
  const { written: was } = stored
  const { written: is } = given
  if (was && is && sha256(identityOf(was, stored)) === sha256(identityOf(is, given))) return true
  return sha256(callsOf(stored)) === sha256(callsOf(given))
}

/**
 * What makes two plans call different things, one line each, as it is written: `scenarios.medium.batchSize: was 10, is 20`.
 * Empty where they make the same calls, or differ in their items alone.
 */
export function planDifferences(stored: Plan, given: Plan): string[] {
  if (sameCalls(stored, given)) return []
  const { written: was } = stored
  const { written: is } = given
  // What a plan of version 0.1.0 came to is all that is known of it.
  const [before, now] = was && is ? [asWritten(stored, was), asWritten(given, is)] : [byName(callsOf(stored)), byName(callsOf(given))]
  return [...compare(before, now, []), ...compareOrder(namesOf(stored), namesOf(given))]
}

function compare(was: unknown, is: unknown, path: PlanPath): string[] {
  if (isDeepStrictEqual(was, is)) return []
  if (!isRecord(was) || !isRecord(is)) return [`${pathText(path)}: was ${text(was)}, is ${text(is)}`]
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  return keys.flatMap((key) => compare(own(was, key), own(is, key), [...path, key]))
}

const text = (value: unknown) => (value === undefined ? 'not written' : found(value))

function compareOrder(was: string[], is: string[]): string[] {
  const sameNames = isDeepStrictEqual(was.toSorted(), is.toSorted())
  return sameNames && !isDeepStrictEqual(was, is) ? [`scenarios: were ${was.join(', ')}, are ${is.join(', ')}`] : []
}

function asWritten(plan: Plan, written: NonNullable<Plan['written']>) {
  const { scenarios, ...rest } = identityOf(written, plan)
  return { ...rest, ...(scenarios && { scenarios: Object.fromEntries(scenarios as [string, Json][]) }) }
}

/** Scenarios under their names, as they are written. */
function byName({ scenarios, ...rest }: ReturnType<typeof callsOf>) {
  return { ...rest, scenarios: Object.fromEntries(scenarios.map(({ name, ...scenario }) => [name, scenario])) }
}

const namesOf = (plan: Plan) => plan.scenarios.map(({ name }) => name)

// A scenario may well be called `constructor`.
const own = (record: Record<string, unknown>, key: string) => (Object.hasOwn(record, key) ? record[key] : undefined)

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
