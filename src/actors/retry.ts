import type { RetryPlan } from '../plan.ts'

/**
 * How long to wait after attempt `attempt` (1, 2, …), ms: `backoffMs · factor^(attempt − 1)`, at most `maxMs`, up to a share of `jitter` of it less
 * by chance; never less than what the service asked for.
 */
export function retryDelayMs(retry: RetryPlan, attempt: number, random: () => number, retryAfterMs = 0): number {
  const full = Math.min(retry.backoffMs * retry.factor ** (attempt - 1), retry.maxMs)
  return Math.max(full * (1 - retry.jitter * random()), retryAfterMs)
}
