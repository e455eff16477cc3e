import type { BatchKey } from './skill.ts'

/**
 * Names items [from, to) of a scenario to whoever is paid for them: the same on every attempt, also after a crash, and however many rounds it takes.
 *
 * @param firstRound The round since which items count as new: that of the last restart with `fresh`, 0 without one.
 */
export function idempotencyKey({ run, variant, scenario, repetition }: Omit<BatchKey, 'round' | 'batch'>, range: KeyRange): string {
  const key = `${run}/${variant}/${scenario}/${repetition}/${range.from}-${range.to}`
  return range.firstRound > 0 ? `${key}/${range.firstRound}` : key
}

export interface KeyRange {
  from: number
  to: number
  firstRound: number
}
