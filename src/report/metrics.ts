import type { ScenarioFigures } from './figures.ts'

/**
 * The quality of a scenario, 0..1 where its metrics are: the mean of `accuracy` if the skill returned one (a plain number counts as that),
 * else the mean of the means of all metrics it returned. `null` if it returned none.
 */
export function qualityOf({ quality }: Pick<ScenarioFigures, 'quality'>): number | null {
  if (!quality) return null
  const { accuracy } = quality
  if (accuracy !== undefined) return accuracy
  const means = Object.values(quality)
  return means.length === 0 ? null : means.reduce((sum, mean) => sum + mean, 0) / means.length
}

/** Active ms over the items really processed, both without warm-up. */
export const timePerItemMs = ({ timed }: ScenarioFigures): number | null => ratio(timed.activeMs, timed.items)

/** Confirmed items per second of active time, warm-up included. */
export const throughput = ({ items, activeMs }: ScenarioFigures): number | null => ratio(items * 1000, activeMs)

/** Failed items over those that were attempted to the end. */
export const errorRate = ({ items, itemsFailed }: ScenarioFigures): number | null => ratio(itemsFailed, items + itemsFailed)

/** By the names of metrics. What the skill returned stands under its own name, and never in place of what we measured. */
export function metricsOf(scenario: ScenarioFigures): Record<string, number | null> {
  const paused = Object.entries(scenario.pausedMs).map(([reason, ms]) => [`paused_${reason}_ms`, ms] as const)
  return {
    ...scenario.quality,
    items: scenario.items,
    items_failed: scenario.itemsFailed,
    batches: scenario.batches,
    retries: scenario.retries,
    elapsed_ms: scenario.elapsedMs,
    active_ms: scenario.activeMs,
    paused_ms: Object.values(scenario.pausedMs).reduce((sum, ms) => sum + ms, 0),
    ...Object.fromEntries(paused),
    backoff_ms: scenario.backoffMs,
    cpu_ms: scenario.cpuMs,
    memory_peak_mb: scenario.memoryPeakMb,
    time_per_item_ms: timePerItemMs(scenario),
    throughput: throughput(scenario),
    error_rate: errorRate(scenario),
  }
}

const ratio = (part: number, whole: number) => (whole > 0 ? part / whole : null)
