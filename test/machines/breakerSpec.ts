import type { BreakerSpec } from '../../src/machines/breakerState.ts'
import { DEFAULT_BREAKER } from '../../src/plan.ts'

/** A breaker with all defaults, but for `options`. */
export const breakerSpec = (options: Partial<BreakerSpec['options']> = {}, changes: Partial<BreakerSpec> = {}): BreakerSpec => ({
  run: 'run-1',
  variant: 'default',
  options: { ...DEFAULT_BREAKER, ...options },
  disabled: false,
  leaseMs: 32_000,
  ...changes,
})
