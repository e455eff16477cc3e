import type { RetryPlan } from '../plan.ts'

/** The longest wait that a service may ask for, ms. */
const LONGEST_ASKED_MS = 24 * 3_600_000

/** No attempt follows a failure with which the service asks for more than a day: nobody wants a run that sleeps for weeks. */
export const asksTooMuch = ({ retryAfterMs = 0 }: { retryAfterMs?: number }) => retryAfterMs > LONGEST_ASKED_MS

/** `20 718 days`, `30 hours`. */
export function longWait(ms: number): string {
  const hours = Math.round(ms / 3_600_000)
  const [n, unit] = hours < 48 ? [hours, 'hours'] : [Math.round(hours / 24), 'days']
  return `${String(n).replaceAll(/\B(?=(\d{3})+$)/g, ' ')} ${unit}`
}

/**
 * How long to wait after attempt `attempt` (1, 2, …), ms: `backoffMs · factor^(attempt − 1)`, at most `maxMs`, up to a share of `jitter` of it less
 * by chance; never less than what the service asked for.
 */
export function retryDelayMs(retry: RetryPlan, attempt: number, random: () => number, retryAfterMs = 0): number {
  // 0 times a factor that has grown to Infinity would be no number.
  const full = retry.backoffMs === 0 ? 0 : Math.min(retry.backoffMs * retry.factor ** (attempt - 1), retry.maxMs)
  return Math.max(full * (1 - retry.jitter * random()), retryAfterMs)
}
