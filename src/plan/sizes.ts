import { MOST_ITEMS } from './bounds.ts'
import type { PlanPath, Report } from './problem.ts'
import type { Profile } from './profiles.ts'
import type { ScenarioWritten } from './schema.ts'
import { found } from './wording.ts'

/** A scenario with its size, before anything else is filled in. */
export interface SizedScenario {
  name: string
  size: number
  multiplier: number
  /** Where its size was written, for messages. */
  origin: PlanPath
  written: ScenarioWritten
}

/** The base size in force, and what the plan itself says. They differ under `--size`. */
export interface BaseSize {
  inForce: number
  ofPlan: number
}

/**
 * The scenarios of a plan, in order, with their sizes: written as `size` or `multiplier`,
 * else that of the profile's rung of the same name, else that of its rung in the same place if there are as many.
 */
export function sizeScenarios(
  written: [name: string, scenario: ScenarioWritten][] | undefined,
  profile: Profile,
  base: BaseSize,
  report: Report,
): SizedScenario[] {
  const scenarios = written ? ownScenarios(written, profile, base, report) : profileScenarios(profile, base.inForce)
  for (const scenario of scenarios) {
    if (scenario.size < 1) report(scenario.origin, `gives ${scenario.name} no items at a base size of ${base.inForce}, expected at least 1`)
    if (scenario.size > MOST_ITEMS) {
      report(scenario.origin, `gives ${scenario.name} ${scenario.size} items, expected at most ${MOST_ITEMS}`)
    }
  }
  checkOrder(scenarios, report)
  return scenarios
}

function profileScenarios(profile: Profile, base: number): SizedScenario[] {
  return profile.rungs.map(({ name, size }, index) => ({
    name,
    size,
    multiplier: size / base,
    origin: profile.name === 'custom' ? ['scaling', 'sizes', index] : ['scaling'],
    written: {},
  }))
}

function ownScenarios(
  entries: [name: string, scenario: ScenarioWritten][],
  profile: Profile,
  base: BaseSize,
  report: Report,
): SizedScenario[] {
  if (entries.length === 0) report(['scenarios'], 'found none, expected at least one; leave the key out for those of the profile')
  const byName = new Map(profile.rungs.map((rung) => [rung.name, rung.size]))
  const byPlace = entries.length === profile.rungs.length ? profile.rungs : []
  return entries.flatMap(([name, scenario], index) => {
    const path = ['scenarios', name]
    const times = scenario.multiplier === undefined ? undefined : Math.round(scenario.multiplier * base.inForce)
    const size = scenario.size ?? times ?? byName.get(name) ?? byPlace[index]?.size
    if (size === undefined) {
      const sizes = profile.rungs.map((rung) => rung.size).join(', ')
      report(
        [...path, 'size'],
        `missing, and ${entries.length} scenarios do not match the ${profile.rungs.length} of scaling ${profile.name} (${sizes}); ` +
          'write size (in items) or multiplier (times baseSize)',
      )
      return []
    }
    checkAgreement(path, scenario, base.ofPlan, report)
    const origin = [...path, scenario.size === undefined && times !== undefined ? 'multiplier' : 'size']
    return { name, size, multiplier: size / base.inForce, origin, written: scenario }
  })
}

function checkAgreement(path: PlanPath, { size, multiplier }: ScenarioWritten, base: number, report: Report) {
  if (size === undefined || multiplier === undefined || Math.round(multiplier * base) === size) return
  report(
    [...path, 'multiplier'],
    `found ${multiplier}, which makes ${Math.round(multiplier * base)} items, beside size ${size}; expected one of the two`,
  )
}

function checkOrder(scenarios: readonly SizedScenario[], report: Report) {
  for (const [index, scenario] of scenarios.entries()) {
    const before = scenarios[index - 1]
    if (before && scenario.size < before.size) {
      report(
        scenario.origin,
        `found ${found(scenario.size)}, expected at least ${before.size}, the size of ${before.name} before it: scenarios are in order of size`,
      )
    }
  }
}
