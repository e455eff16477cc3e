import { Gate } from '../actors/gate.ts'
import type { Clock } from '../clock.ts'
import { initialBreaker, type Breaker, type BreakerSpec } from '../machines/breakerState.ts'

/** The gate of each variant's breaker, by variant. `restored`: breakers as they are stored. */
export const openGates = (specs: readonly BreakerSpec[], restored: Record<string, Breaker>, clock: Clock): ReadonlyMap<string, Gate> =>
  new Map(specs.map((spec) => [spec.variant, new Gate(restored[spec.variant] ?? initialBreaker(spec), clock)]))
