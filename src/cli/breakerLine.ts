import type { RunView, StoredEvent } from '../index.ts'
import { clockTime } from '../printable.ts'

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

/** A change of a breaker, to somebody who watches: with the last error. */
export function breakerProgress({ at, actor, type, data }: StoredEvent, several: boolean): string {
  return `${clockTime(at)} breaker${several ? ` of ${actor.slice('breaker:'.length)}` : ''}: ${said(type, at, data as unknown as Change)}`
}

interface Change {
  cause: string
  message: string | null
  probeAt: number | null
  recoveryAttempts: number
  proven?: boolean
  alike?: string | false | null
}

function said(type: string, at: number, { cause, message, probeAt, recoveryAttempts, proven = true, alike }: Change): string {
  const neverWorked = !proven && typeof alike === 'string'
  const until =
    probeAt === null
      ? ''
      : `, no calls until ${clockTime(probeAt)} (${seconds(probeAt - at)}); then one call asks whether the skill answers again`
  const last = message === null ? '' : `. Last error: ${message}`
  switch (type) {
    case 'breaker.opened':
      if (cause === 'breaker.recover') return `open${until}`
      if (recoveryAttempts > 0) return `still failing after ${count(recoveryAttempts, 'probe')}${until}${last}`
      return `${neverWorked ? 'no call has worked, and all failed alike' : 'too many failures'}${until}${last}`
    case 'breaker.halfOpened':
      return 'half-open, a probe may pass'
    case 'breaker.closed':
      return 'closed'
    case 'breaker.exhausted':
      if (neverWorked) return `gives up, no call has worked and the probe failed like those before${last}`
      return `gives up after ${count(recoveryAttempts, 'failed probe')}${last}`
    case 'breaker.forcedOpen':
      return 'held open by command'
    case 'breaker.disabled':
      return 'disabled by command'
    default:
      return type
  }
}

const seconds = (ms: number) => `${Math.max(0, Math.round(ms / 100) / 10)} s`

const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`
