import type { BreakerPlan, ErrorClass } from '../plan.ts'

export type BreakerStatus = 'closed' | 'open' | 'halfOpen' | 'forcedOpen' | 'disabled'

/** Fixed for the whole run: derived from the plan, so never stored with the state. */
export interface BreakerSpec {
  run: string
  variant: string
  options: BreakerPlan
  /** Where the plan asks for none. */
  disabled: boolean
  /** How long a probe may keep its permit, ms: no call takes longer. */
  leaseMs: number
}

/** What a breaker knows. Flat JSON; its size does not depend on the number of calls. */
export interface Breaker {
  spec: BreakerSpec
  status: BreakerStatus
  /** Grows with every change of status: a call that began in another one says nothing about now. */
  generation: number
  /** Of weights. While it is open: the sum that opened it. */
  sum: number
  /** Calls since it closed, as far as `minimumCalls` or `windowCount` ask for them. */
  calls: number
  /** With a window: the calls in it that still matter, oldest first. `change`: what each did to the sum. */
  window: { at: number; call: number; change: number }[]
  /** Failed probes since it opened. */
  recoveryAttempts: number
  /** When it will be half-open, epoch ms; `null` where no time leads there. */
  probeAt: number | null
  /** Probes under way. `until`: their lease, epoch ms. */
  permits: { id: number; until: number }[]
  /** The last permit's id. */
  issued: number
  /** A call has succeeded in this run. */
  proven: boolean
  /** Until then: the way in which every call that counted has failed; `null` before the first, `false` where they differ or one may pass by itself. */
  alike: string | null | false
  /** It has given up: only a restart, a recovery or a command leads out. */
  exhausted: boolean
  /** Where the jitter's next number comes from. */
  seed: number
}

export type BreakerRulesEvent =
  /** `permit`: of a probe. */
  | { type: 'call.succeeded'; generation: number; permit: number | null; durationMs: number }
  | CallFailed
  | { type: 'probe.requested' }
  | { type: 'deadline.passed' }
  | { type: 'breaker.open' }
  | { type: 'breaker.disable' }
  | { type: 'breaker.reset' }
  /** A person goes on, or tries again what had failed for good: the news that the cooldown waits for. */
  | { type: 'breaker.rearm' }
  /** A run all of whose scenarios failed begins again. */
  | { type: 'breaker.recover' }

export interface CallFailed {
  type: 'call.failed'
  class: ErrorClass
  generation: number
  permit: number | null
  /** Of the error, for the log alone. */
  message?: string
  /** The same for errors that are alike. */
  way?: string
  /** The skill answered: all its items failed alone. Or it is about an item that had failed before. */
  ofItems?: boolean
}

export function initialBreaker(spec: BreakerSpec): Breaker {
  return {
    spec,
    status: spec.disabled ? 'disabled' : 'closed',
    generation: 0,
    sum: 0,
    calls: 0,
    window: [],
    recoveryAttempts: 0,
    probeAt: null,
    permits: [],
    issued: 0,
    proven: false,
    alike: null,
    exhausted: false,
    seed: hash(`${spec.run}/${spec.variant}`),
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}
