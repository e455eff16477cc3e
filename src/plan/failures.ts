import type { BreakerPlan, ChaosPlan } from './model.ts'
import type { Report } from './problem.ts'
import type { PlanWritten } from './schema.ts'
import { didYouMean } from './wording.ts'

export function breakerOf({ breaker }: PlanWritten, report: Report): BreakerPlan | null {
  if (breaker === false) return null
  const { windowMs, windowCount, slowCallMs, ...rest } = breaker
  if (windowMs !== undefined && windowCount !== undefined)
    report(['breaker', 'windowCount'], 'found beside windowMs, expected one of the two')
  if (rest.cooldownMs > rest.maxCooldownMs) {
    report(['breaker', 'cooldownMs'], `found ${rest.cooldownMs}, expected at most maxCooldownMs, ${rest.maxCooldownMs}`)
  }
  return { ...rest, windowMs: windowMs ?? null, windowCount: windowCount ?? null, slowCallMs: slowCallMs ?? null }
}

export function chaosOf({ chaos }: PlanWritten, scenarios: readonly { name: string }[], report: Report): ChaosPlan | null {
  if (!chaos) return null
  const { latencyMs, ...rest } = chaos
  // 0.7 + 0.2 + 0.1 is 1 for whoever writes it.
  const sum = Number((rest.failRate + rest.hangRate + rest.crashRate).toPrecision(12))
  if (sum > 1) report(['chaos'], `found failRate, hangRate and crashRate that sum up to ${sum}, expected at most 1`)
  const [least, most] = typeof latencyMs === 'number' ? [latencyMs, latencyMs] : latencyMs
  if (least > most) report(['chaos', 'latencyMs'], `found ${least} as the least and ${most} as the most, expected the least first`)
  const names = scenarios.map(({ name }) => name)
  for (const [i, name] of (chaos.scenarios ?? []).entries()) {
    if (!names.includes(name))
      report(['chaos', 'scenarios', i], `found "${name}", expected one of ${names.join(', ')}${didYouMean(name, names)}`)
  }
  return { ...rest, latencyMs: [least, most], scenarios: chaos.scenarios ?? null }
}
