import { progressPct } from './scenarioRules.ts'
import type { FailReason, ScenarioState } from './scenarioState.ts'

/** The one outcome that a scenario hands to the aggregator: counts and a reference, never results. */
export interface Claim {
  kind: 'result' | 'diagnostic'
  variant: string
  scenario: string
  reason: FailReason | null
  size: number
  progressPct: number
  /** Confirmed items, over all repetitions. */
  items: number
  itemsFailed: number
  batches: number
  /** Means over items, by metric. */
  quality: Record<string, number> | null
  /** For `troupe results RUN REFERENCE`. */
  results: string
}

export function claimOf(s: ScenarioState): Claim {
  const { variant, name: scenario, size } = s.spec
  const settled = s.repetitions.reduce((sum, r) => sum + r.settled, 0)
  const itemsFailed = s.repetitions.reduce((sum, r) => sum + r.failed, 0)
  return {
    kind: s.reason === null ? 'result' : 'diagnostic',
    variant,
    scenario,
    reason: s.reason,
    size,
    progressPct: progressPct(s),
    items: settled - itemsFailed,
    itemsFailed,
    batches: s.batches,
    quality: means(s.quality),
    results: `${variant}/${scenario}`,
  }
}

export function means(quality: ScenarioState['quality']): Record<string, number> | null {
  const names = Object.keys(quality)
  return names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, quality[name]!.sum / quality[name]!.items]))
}
