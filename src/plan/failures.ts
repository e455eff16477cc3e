import type { z } from 'zod'
import { UsageError } from '../errors.ts'
import { breakerOptions } from './failureSchemas.ts'
import type { BreakerPlan, ChaosPlan } from './model.ts'
import { pathText, type Report } from './problem.ts'
import type { PlanWritten } from './schema.ts'
import { didYouMean } from './wording.ts'

/** Of a plan that says nothing of it. */
export const DEFAULT_BREAKER: BreakerPlan = complete(breakerOptions.parse({}))

/**
 * Options as somebody writes them, over those of a plan, if any.
 * @throws {UsageError} with the first one that cannot be.
 */
export function breakerPlan(written: object, over: BreakerPlan | null = null): BreakerPlan {
  const before = over && Object.fromEntries(Object.entries(over).filter(([, value]) => value !== null))
  const parsed = breakerOptions.safeParse({ ...before, ...written, weights: { ...over?.weights, ...Reflect.get(written, 'weights') } })
  if (parsed.success) return complete(parsed.data)
  const [issue] = parsed.error.issues
  const at = issue?.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : (issue?.path ?? [])
  throw new UsageError(
    `A breaker cannot have ${pathText(at)} as given: ${issue?.message ?? 'it is wrong'}`,
    'docs/plans.md has every option of a breaker',
  )
}

export function breakerOf({ breaker }: PlanWritten, report: Report): BreakerPlan | null {
  if (breaker === false) return null
  const { windowMs, windowCount, ...rest } = breaker
  if (windowMs !== undefined && windowCount !== undefined)
    report(['breaker', 'windowCount'], 'found beside windowMs, expected one of the two')
  if (rest.cooldownMs > rest.maxCooldownMs) {
    report(['breaker', 'cooldownMs'], `found ${rest.cooldownMs}, expected at most maxCooldownMs, ${rest.maxCooldownMs}`)
  }
  return complete(breaker)
}

function complete({ windowMs, windowCount, slowCallMs, ...rest }: z.output<typeof breakerOptions>): BreakerPlan {
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
