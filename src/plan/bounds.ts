import { z } from 'zod'

// Each bound has a reason: what lies beyond it is a slip of the pen, or could not be stored. docs/plans.md shows them.

/** Numbers of batches are 32-bit integers, and a batch may bear the number of its first item. */
export const MOST_ITEMS = 2 ** 31 - 1
const MS_OF_A_YEAR = 365 * 24 * 3_600_000

export const items = z.int().min(1).max(MOST_ITEMS)
/** A batch is one call, and is in memory whole. */
export const batchItems = z.int().min(1).max(1_000_000)
export const lanes = z.int().min(1).max(10_000)
export const repetitions = z.int().min(1).max(1_000)
export const durationMs = z.int().min(1).max(MS_OF_A_YEAR)
export const waitMs = z.int().min(0).max(MS_OF_A_YEAR)
/** PostgreSQL takes no text of more than 1 GiB, and JavaScript none of more than half of that. */
export const resultBytes = z
  .int()
  .min(1)
  .max(256 * 2 ** 20)
export const memoryMb = z
  .int()
  .min(1)
  .max(2 ** 24)
