import { ResultShapeError } from '../errors.ts'
import { parse } from './commandFormat.ts'
import type { SkillReturn } from './skill.ts'
import { toldError } from './toldError.ts'

/** A line from a program that stays. */
export interface Answer {
  /** Of the request that it is for; `undefined`: of the one that waits longest. */
  id: number | undefined
  outcome: { returned: SkillReturn } | { error: Error }
}

/** @throws {ResultShapeError} if it is no answer. */
export function readAnswer(line: string): Answer {
  const value = parse(line, 'A line of the command')
  if (Array.isArray(value)) return { id: undefined, outcome: { returned: value } }
  if (typeof value !== 'object' || value === null || !('results' in value || 'error' in value)) {
    throw new ResultShapeError(`A line of the command is no answer, which has "results" or "error": ${JSON.stringify(line.slice(0, 80))}`)
  }
  const { id: given, error, ...returned } = value as Record<string, unknown>
  const id = given === undefined || given === null ? undefined : Number(given)
  if (error !== undefined && error !== null) return { id, outcome: { error: toldError(error) } }
  return { id, outcome: { returned: returned as unknown as SkillReturn } }
}
