import { isBlocking } from './breakerRules.ts'
import type { BreakerView } from './breakerFacts.ts'
import type { Command, RunState } from './orchestratorState.ts'
import { live, type RunStep } from './runStep.ts'

/** Addresses of scenarios have a slash, and names no colon: no actor has the id of another. */
export const breakerId = (variant: string) => `breaker:${variant}`

/** Events of version 0.1.0 have another id. */
export const isOfBreaker = (actor: string, variant: string) => actor === breakerId(variant) || actor === `breaker/${variant}`

export function obeyOnBreaker(step: RunStep, { type, variant, at }: Command & { type: `breaker.${string}` }) {
  for (const breaker of step.state.spec.breakers) {
    if (variant === undefined || breaker.variant === variant) step.sends.push({ to: breakerId(breaker.variant), event: { type, at } })
  }
}

/**
 * Who is behind a breaker that lets nothing through waits, but for those who may probe; who is behind one that has given up fails. Said after every
 * event: whatever becomes of those who probe, there are others.
 */
export function holdBack(step: RunStep, at: number) {
  const { state } = step
  for (const breaker of Object.values(state.breakers)) {
    const members = live(state).filter((address) => state.spec.breakers.length === 1 || variantOf(address) === breaker.variant)
    if (breaker.exhausted) {
      for (const to of members) step.sends.push({ to, event: { type: 'scenario.broke', reason: 'breaker', at } })
      continue
    }
    const probing = probers(state, breaker, members)
    for (const to of members) {
      const isHeld = state.members[to]!.pausedBy.includes('breaker')
      const mustWait = isBlocking(breaker.status) && !probing.includes(to)
      if (mustWait && !isHeld) step.sends.push({ to, event: { type: 'scenario.pause', reason: 'breaker', at } })
      if (!mustWait && isHeld) step.sends.push({ to, event: { type: 'scenario.continue', reason: 'breaker', at } })
    }
  }
}

export const variantOf = (address: string) => address.slice(0, address.indexOf('/'))

/** The first of those that wait for nothing else, as many as there may be probes. */
function probers({ members }: RunState, { status, probes }: BreakerView, candidates: readonly string[]): string[] {
  if (status !== 'halfOpen') return []
  const canProbe = (address: string) => {
    const { status: own, pausedBy } = members[address]!
    return own !== 'pending' && pausedBy.every((reason) => reason === 'breaker')
  }
  return candidates.filter(canProbe).slice(0, probes)
}
