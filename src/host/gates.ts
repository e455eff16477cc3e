import { Gate } from '../actors/gate.ts'
import type { Clock } from '../clock.ts'
import { initialBreaker, type Breaker, type BreakerSpec } from '../machines/breakerState.ts'

/** The gate of each variant's breaker, by variant. `restored`: breakers as they are stored. */
export const openGates = (specs: readonly BreakerSpec[], restored: Record<string, Breaker>, clock: Clock): ReadonlyMap<string, Gate> =>
  new Map(specs.map((spec) => [spec.variant, new Gate(own(restored, spec.variant) ?? initialBreaker(spec), clock)]))

// A variant may be called `constructor`.
const own = <V>(record: Record<string, V>, key: string): V | undefined => (Object.hasOwn(record, key) ? record[key] : undefined)
