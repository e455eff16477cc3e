import type { RunView, StoredEvent } from '../index.ts'
import { clockTime } from './summary.ts'

/** A breaker as commands print it. Instants in epoch ms. */
export interface BreakerSummary {
  variant: string
  state: string
  sum: number
  threshold: number
  recoveryAttempts: number
  probeAt: number | null
  exhausted: boolean
}

export const breakersOf = ({ breakers }: RunView): BreakerSummary[] =>
  Object.values(breakers).map(({ spec, status, sum, recoveryAttempts, probeAt, exhausted }) => ({
    variant: spec.variant,
    state: status,
    sum,
    threshold: spec.options.threshold,
    recoveryAttempts,
    probeAt,
    exhausted,
  }))

const WORDS: Record<string, string> = {
  halfOpen: 'half-open: a probe may pass',
  forcedOpen: 'held open by command, until it is reset',
  disabled: 'disabled: every call passes',
}

export function breakerLine({ variant, state, sum, threshold, probeAt, exhausted, recoveryAttempts }: BreakerSummary): string {
  return `breaker${variant === 'default' ? '' : ` of ${variant}`} ${stateText()}`

  function stateText(): string {
    if (state === 'closed') return `closed, sum ${sum} of ${threshold}`
    if (state !== 'open') return WORDS[state] ?? state
    if (exhausted) return `open: it gave up after ${recoveryAttempts} failed probes`
    return `open${probeAt === null ? '' : ` until ${clockTime(probeAt)}`}`
  }
}

/** A closed one that has counted nothing says nothing. */
export const isWorthALine = ({ state, sum }: BreakerSummary) => state !== 'closed' || sum > 0

/** A change of a breaker, to somebody who watches: with the sum that caused it. */
export function breakerProgress({ at, actor, type, data }: StoredEvent, several: boolean): string {
  const { sum, threshold, probeAt, recoveryAttempts } = data as Record<string, number>
  const until = probeAt ? ` until ${clockTime(probeAt)}` : ''
  const said: Record<string, string> = {
    'breaker.opened':
      data.cause === 'breaker.recover'
        ? `open${until}: then one more probe`
        : recoveryAttempts
          ? `open again${until}: the probe failed, ${recoveryAttempts} so far`
          : `open${until}: failures weigh ${sum} of ${threshold}`,
    'breaker.halfOpened': 'half-open: a probe may pass',
    'breaker.closed': 'closed',
    'breaker.exhausted': `gives up: ${recoveryAttempts} probes failed`,
    'breaker.forcedOpen': 'held open by command',
    'breaker.disabled': 'disabled by command',
  }
  return `${clockTime(at)} breaker${several ? ` of ${actor.slice(actor.indexOf('/') + 1)}` : ''} ${said[type] ?? type}`
}
