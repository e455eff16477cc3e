import type { ErrorClass, Range, ScenarioState } from './scenarioState.ts'

/** One batch whose outcome is stored (or, with a weaker durability, will be). */
export interface Settled {
  from: number
  items: number
  /** All of its items. */
  failed: boolean
  /** Items that failed while others did not. */
  failedAlone?: number
  processed: number
  retries: number
  errors: Partial<Record<ErrorClass, number>>
  quality: Record<string, number> | null
  memoryPeakMb: number | null
}

/** Settled batches, summed up: what lanes say now and then, and what a restore finds. Flat JSON. */
export interface Tally {
  /** Which items, in the order in which they were settled. */
  done: Range[]
  batches: number
  items: number
  failed: number
  /** Items have failed alone: what is left is no whole batches. */
  split?: true
  processed: number
  retries: number
  errors: Partial<Record<ErrorClass, number>>
  quality: ScenarioState['quality']
  memoryPeakMb: number | null
}

export const emptyTally = (): Tally => ({
  done: [],
  batches: 0,
  items: 0,
  failed: 0,
  processed: 0,
  retries: 0,
  errors: {},
  quality: {},
  memoryPeakMb: null,
})

/** Counts failed attempts in. In place. */
export function countErrors(tally: Tally, errors: Tally['errors']) {
  for (const name in errors) tally.errors[name as ErrorClass] = (tally.errors[name as ErrorClass] ?? 0) + errors[name as ErrorClass]!
}

/** Counts a batch in. In place: lanes do it for every batch. */
export function count(tally: Tally, settled: Settled) {
  const { from, items, failed, failedAlone = 0, processed, retries, errors, quality, memoryPeakMb } = settled
  const last = tally.done.at(-1)
  if (last?.[1] === from) last[1] = from + items
  else tally.done.push([from, from + items])
  tally.batches++
  tally.items += items
  tally.failed += failed ? items : failedAlone
  if (failedAlone > 0) tally.split = true
  tally.processed += processed
  tally.retries += retries
  countErrors(tally, errors)
  for (const metric in quality) {
    const { sum, items: before } = tally.quality[metric] ?? { sum: 0, items: 0 }
    const good = items - failedAlone
    tally.quality[metric] = { sum: sum + quality[metric]! * good, items: before + good }
  }
  countMemory(tally, memoryPeakMb)
}

/** Counts in how much the skill was seen to hold. In place. */
export function countMemory(tally: Tally, memoryPeakMb: number | null) {
  if (memoryPeakMb !== null) tally.memoryPeakMb = Math.max(tally.memoryPeakMb ?? 0, memoryPeakMb)
}
