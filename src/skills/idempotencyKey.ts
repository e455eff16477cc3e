import { createHash } from 'node:crypto'
import type { BatchKey } from './skill.ts'

/**
 * Names items [from, to) of a scenario to whoever is paid for them: the same on every attempt, also after a crash, and however many rounds it takes.
 *
 * @param firstRound The round since which items count as new: that of the last restart with `fresh`, 0 without one.
 */
export function idempotencyKey({ run, variant, scenario, repetition }: Omit<BatchKey, 'round' | 'batch'>, range: KeyRange): string {
  const { from, to, firstRound, numbers } = range
  const key = `${run}/${variant}/${scenario}/${repetition}/${from}-${to}`
  const whole = firstRound > 0 ? `${key}/${firstRound}` : key
  return numbers ? `${whole}/items-${createHash('sha256').update(numbers.join(' ')).digest('hex').slice(0, 16)}` : whole
}

export interface KeyRange {
  from: number
  to: number
  firstRound: number
  /** The items meant, where they are not all of the range: the key is theirs alone. */
  numbers?: readonly number[]
}
