/** A share that is exact in decimals (0.29 of 100) may be a little less in floating point: no item is that small. */
const ROUNDING = 1e-9

/** A scenario that failed with `errors` although it tolerates as many: the run was to end with its first failed item. */
export const endedByBail = ({ size, errorTolerance, itemsFailed }: { size: number; errorTolerance: number; itemsFailed: number }) =>
  itemsFailed <= (errorTolerance + ROUNDING) * size
