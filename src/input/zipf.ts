import type { RandomAt } from './random.ts'

/** Ranks are 1..1 000 000 whatever the size of a scenario, or else a larger scenario's items would not begin with a smaller one's. */
export const ZIPF_RANKS = 1_000_000

/**
 * Ranks r of 1..`ZIPF_RANKS`, each with probability proportional to 1 / r^exponent.
 *
 * Rejection-inversion: Hörmann & Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions",
 * ACM TOMACS 6 (1996). It needs no table and hardly ever a second attempt; each attempt has a random number of its own.
 *
 * @param exponent Any number > 0; 1 is nothing special.
 */
export function zipf(random: RandomAt, exponent: number): (index: number) => number {
  const height = (rank: number) => Math.exp(-exponent * Math.log(rank))
  const area = (x: number) => {
    const log = Math.log(x)
    return growth((1 - exponent) * log) * log
  }
  const areaInverse = (y: number) => Math.exp(logarithm(y * (1 - exponent)) * y)

  const first = area(1.5) - 1
  const last = area(ZIPF_RANKS + 0.5)
  const surelyInside = 2 - areaInverse(area(2.5) - height(2))

  return (index) => {
    for (let attempt = 0; ; attempt++) {
      // 1 − u is never 0: for steep laws the far end of the area belongs to no rank.
      const y = last + (1 - random(index, attempt)) * (first - last)
      const x = areaInverse(y)
      const rank = Math.min(ZIPF_RANKS, Math.max(1, Math.floor(x + 0.5)))
      if (rank - x <= surelyInside || y >= area(rank + 0.5) - height(rank)) return rank
    }
  }
}

/** (eˣ − 1) / x, also where x is so near to 0 that this would be 0 / 0. */
const growth = (x: number) => (Math.abs(x) > 1e-8 ? Math.expm1(x) / x : 1 + x / 2)

/** log(1 + x) / x, likewise. */
const logarithm = (x: number) => (Math.abs(x) > 1e-8 ? Math.log1p(x) / x : 1 - x / 2)
