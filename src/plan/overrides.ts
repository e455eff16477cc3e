import { MOST_ITEMS } from './bounds.ts'
import type { PlanOverrides } from './model.ts'
import type { Report } from './problem.ts'
import { orders, syncModes, type PlanWritten } from './schema.ts'
import { didYouMean, found } from './wording.ts'

const LADDER_REPETITIONS = 2

/** The plan as its command line changes it. `--only` and `--size` are applied where scenarios and sizes are known. */
export function override(written: PlanWritten, overrides: PlanOverrides, report: Report): PlanWritten {
  const ladder = overrides.ladder
    ? {
        scaling: 'ladder' as const,
        scenarios: undefined,
        order: 'serial' as const,
        repetitions: Math.max(LADDER_REPETITIONS, written.repetitions),
      }
    : {}
  const mode = oneOf('--sync', overrides.sync, syncModes, report) ?? (overrides.ladder ? 'free' : written.sync.mode)
  const order = oneOf('--order', overrides.order, orders, report)
  return { ...written, ...ladder, ...(order && { order }), sync: { ...written.sync, mode } }
}

/** `--size` if it is a number of items, else what the plan says. */
export function baseSizeOf(ofPlan: number, size: number | undefined, report: Report): number {
  if (size === undefined) return ofPlan
  if (Number.isSafeInteger(size) && size >= 1 && size <= MOST_ITEMS) return size
  report(['--size'], `found ${found(size)}, expected a whole number from 1 to ${MOST_ITEMS}`)
  return ofPlan
}

/** The scenarios with at most as many items as `--limit` says. */
export function limited<Scenario extends { size: number; multiplier: number }>(
  all: Scenario[],
  limit: number | undefined,
  report: Report,
): Scenario[] {
  if (limit === undefined) return all
  if (!Number.isSafeInteger(limit) || limit < 1) {
    report(['--limit'], `found ${found(limit)}, expected a whole number from 1 to ${MOST_ITEMS}`)
    return all
  }
  return all.map((each) => (each.size <= limit ? each : { ...each, size: limit, multiplier: (each.multiplier * limit) / each.size }))
}

/** Those of `all` that `--only` names, in their own order. `names` has those too that could not be completed. */
export function onlyThose<Scenario extends { name: string }>(
  all: Scenario[],
  names: readonly string[],
  only: readonly string[] | undefined,
  report: Report,
): Scenario[] {
  if (!only) return all
  if (only.length === 0) report(['--only'], `found nothing, expected some of ${names.join(', ')}`)
  for (const name of only) {
    if (!names.includes(name)) report(['--only'], `found ${found(name)}, expected some of ${names.join(', ')}${didYouMean(name, names)}`)
  }
  return all.filter(({ name }) => only.includes(name))
}

function oneOf<Word extends string>(flag: string, word: Word | undefined, allowed: readonly Word[], report: Report): Word | undefined {
  if (word === undefined || allowed.includes(word)) return word
  report([flag], `found ${found(word)}, expected one of ${allowed.join(', ')}${didYouMean(word, allowed)}`)
  return undefined
}
