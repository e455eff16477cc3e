import type { StoredEvent } from '../index.ts'
import { breakerProgress } from './breakerLine.ts'
import { clockTime } from '../printable.ts'

/** What progress lines must know of a scenario. */
export interface Sized {
  variant: string
  name: string
  size: number
  repetitions: number
  /** Share of `size`. */
  errorTolerance: number
}

const FAILURES: readonly string[] = ['batch.failed', 'batch.retried', 'items.failed', 'items.retried']

/** A wait that is longer, ms, is told of: else the run seems to hang. */
const LONG_WAIT_MS = 10_000

/** Tells of events, one after the other: of failed attempts only the first of each scenario, or all with `verbose`. */
export async function openProgress(
  scenarios: readonly Sized[],
  output: { verbose: boolean },
): Promise<(event: StoredEvent) => string | null> {
  const { failureText } = await import('../index.ts')
  /** By actor. */
  const lastErrors = new Map<string, string>()
  /** Until when a scenario waits, as far as it was told, epoch ms: of batches that wait together one line is enough. */
  const toldUntil = new Map<string, number>()
  return (event) => {
    const isFailure = FAILURES.includes(event.type)
    const isTold = isFailure && (output.verbose || !lastErrors.has(event.actor))
    if (isFailure) lastErrors.set(event.actor, errorIn(event))
    const until = event.at + Number(event.data.waitMs ?? 0)
    const isLong = until - Math.max(event.at, toldUntil.get(event.actor) ?? 0) > LONG_WAIT_MS
    if (isLong) toldUntil.set(event.actor, until)
    const failure = isTold ? failureText(event, output) : null
    return progressLine(event, scenarios, {
      failure,
      wait: isLong ? waitText(event) : null,
      lastError: lastErrors.get(event.actor),
    })
  }
}

interface Failures {
  /** Tells of a failed attempt; `null` where it is not worth a line. */
  failure: string | null
  /** Tells of a long wait before the next attempt. */
  wait: string | null
  lastError: string | undefined
}

function errorIn({ data }: StoredEvent): string {
  const { name, message } = data.error as { name: string; message: string }
  return `${name}: ${message.split('\n')[0]}`
}

/**
 * What an event says to somebody who watches, as one line, or `null` where it says nothing new.
 * `12:03:04 medium 30% 90/300 items 3.2s`: the share of items that is settled, after so much time.
 */
function progressLine(event: StoredEvent, scenarios: readonly Sized[], failures: Failures): string | null {
  const scenario = scenarios.find(({ variant, name }) => `${variant}/${name}` === event.actor)
  const several = new Set(scenarios.map(({ variant }) => variant)).size > 1
  if (event.type.startsWith('breaker.')) return breakerProgress(event, several)
  const said = scenario ? ofScenario(event, scenario, failures) : ofRun(event)
  if (said === null) return null
  const who = scenario ? (several ? event.actor : scenario.name) : 'run'
  return `${clockTime(event.at)} ${who} ${said}`
}

function ofScenario(event: StoredEvent, scenario: Sized, { failure, wait, lastError }: Failures): string | null {
  const { type, data } = event
  const { size, repetitions } = scenario
  const round = repetitions > 1 ? `${String(data.repetition)}/${repetitions} ` : ''
  switch (type) {
    case 'milestone.reached':
      return data.pct === 0 ? null : `${round}${milestone(data as unknown as Milestone, size)}`
    case 'scenario.started':
    case 'scenario.continued':
      return 'running'
    case 'scenario.paused':
      return `paused (${(data.reasons as string[]).join(', ')})`
    case 'scenario.completed':
      return 'complete'
    case 'scenario.failed':
      return `failed: ${whyFailed(data, scenario)}${lastError === undefined ? '' : `. Last error: ${lastError}`}`
    case 'scenario.restarted':
      return data.fresh ? 'restarted from nothing' : 'restarted: items without a result are tried again'
    case 'batch.failed':
    case 'items.failed':
      return failure
    case 'batch.retried':
    case 'items.retried':
      return [wait, failure].filter((text) => text !== null).join('. ') || null
    default:
      return null
  }
}

function waitText({ at, data }: StoredEvent): string {
  const waitMs = Number(data.waitMs)
  const { retryAfterMs = 0 } = data.error as { retryAfterMs?: number }
  const why = Math.round(retryAfterMs) >= waitMs ? ': the service asks for it' : ''
  return `waits ${Math.round(waitMs / 1000)} s before the next attempt (until ${clockTime(at + waitMs)})${why}`
}

function ofRun({ type, data }: StoredEvent): string | null {
  switch (type) {
    case 'run.recovering':
      return 'begins again, as all scenarios failed: items without a result are tried once more, in smaller batches, one at a time'
    case 'run.paused':
      return `paused (${(data.reasons as string[]).join(', ')})`
    case 'run.continued':
    case 'run.restarted':
      return 'running'
    case 'run.completed':
      return 'complete'
    case 'run.failed':
      return `failed (${String(data.reason)})`
    case 'barrier.released': {
      const { kind, missing } = data.outcome as { kind: string; missing: string[] }
      if (kind === 'all') return null
      return `${String(data.pct)}% ${kind === 'timed-out' ? 'timed out, missing' : 'goes on without'} ${missing.join(', ')}`
    }
    default:
      return null
  }
}

interface Milestone {
  pct: number
  elapsedMs: number
  itemsSettled?: number
  itemsFailed?: number
}

function milestone({ pct, elapsedMs, itemsFailed = 0, itemsSettled }: Milestone, size: number): string {
  const settled = itemsSettled ?? Math.ceil((pct * size) / 100)
  return `${pct}% ${settled}/${size} items${itemsFailed > 0 ? `, ${itemsFailed} failed` : ''} ${(elapsedMs / 1000).toFixed(1)}s`
}

const WHY: Record<string, string> = {
  'time-budget': 'its time budget is used up',
  memory: 'its memory limit was exceeded',
  breaker: 'its breaker gave up',
  skill: 'its skill can no longer be loaded',
  cancelled: 'it was cancelled',
}

/** A share that is exact in decimals may be a little less in floating point. */
const ROUNDING = 1e-9

function whyFailed({ reason, itemsFailed = 0 }: Record<string, unknown>, { size, repetitions, errorTolerance }: Sized): string {
  if (reason !== 'errors') return WHY[String(reason)] ?? String(reason)
  const failed = `${Number(itemsFailed)} of ${size * repetitions} items failed`
  const tolerated = `${Number((errorTolerance * 100).toPrecision(3))} %`
  // As many would be tolerated: nothing else ends a scenario with this reason.
  return Number(itemsFailed) <= (errorTolerance + ROUNDING) * size
    ? `${failed}, and with --bail the first one ends the run (${tolerated} would be tolerated)`
    : `${failed}, ${tolerated} tolerated`
}
