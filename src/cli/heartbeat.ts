import type { RunProgress, ScenarioProgress } from '../index.ts'
import { troupeCommand } from '../shellCommand.ts'
import type { Output } from './output.ts'
import type { Sized } from './progress.ts'
import { clockTime } from '../printable.ts'

/** After so long a silence people wonder, ms. */
const EVERY_MS = 10_000

/** Lines at once, at most. */
const MOST_LINES = 4

/** Says what there is to say whenever nothing else was said for 10 s, until it is disposed of. In real time, as people wait. */
export function breakSilence(output: Pick<Output, 'say' | 'spokeAt'>, lines: () => readonly string[]): Disposable {
  const look = () => {
    const left = output.spokeAt + EVERY_MS - performance.now()
    if (left <= 0) for (const line of lines()) output.say(line)
    timer = setTimeout(look, left > 0 ? left : EVERY_MS).unref()
  }
  let timer = setTimeout(look, EVERY_MS).unref()
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}

export interface Watched {
  run: string
  scenarios: readonly Sized[]
  /** What a person can do about an open breaker: from beside it, or in the terminal of the run itself, whose data may be in its memory alone. */
  from: 'here' | 'memory' | 'beside'
}

/** A scenario as it is known. From outside only its milestones are. */
export type Known = Omit<ScenarioProgress, 'elapsedMs' | 'batches'> & Partial<Pick<ScenarioProgress, 'elapsedMs' | 'batches'>>

export interface KnownProgress extends Omit<RunProgress, 'scenarios'> {
  scenarios: Known[]
  /** When the last news came, epoch ms, where it is followed from outside. */
  newsAt?: number
  /** Whether some process works on it, as far as that is known. */
  isHeld?: boolean
}

/**
 * How a run stands, where nothing happens: a line for each scenario at work, `12:03:14 medium 12/30 items 14.0s, batch 2 for 14 s`, and for each
 * breaker that lets nothing through.
 */
export function heartbeat(progress: KnownProgress, watched: Watched): string[] {
  const { at, scenarios, breakers, isHeld } = progress
  if (isHeld === false) return [`${clockTime(at)} no process works on this run: ${troupeCommand('resume', watched.run)}`]
  const several = new Set(scenarios.map(({ variant }) => variant)).size > 1
  const working = scenarios.filter(({ status }) => status === 'running')
  const isWaiting = (variant: string) => scenarios.some((each) => each.variant === variant && each.status === 'paused')
  const lines = working.map(
    (scenario) => `${several ? `${scenario.variant}/` : ''}${scenario.name} ${standing(scenario, progress, watched)}`,
  )
  const shown = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES - 1), more(lines.length - MOST_LINES + 1)] : lines
  const held = breakers
    .filter(({ variant }) => isWaiting(variant))
    .flatMap(({ variant, status, probeAt }) => {
      const until = untilWhen(status, probeAt, at)
      if (until === null) return []
      return [`breaker${several ? ` of ${variant}` : ''}: ${until}. ${wayOut(several ? [variant] : [], watched)}`]
    })
  return [...shown, ...held].map((line) => `${clockTime(at)} ${line}`)
}

const more = (n: number) => `and ${n} more scenarios are at work`

function standing(
  { variant, name, repetition, settled, failed, elapsedMs, batches }: Known,
  { at, newsAt }: KnownProgress,
  watched: Watched,
): string {
  const { size = 0, repetitions = 1 } = watched.scenarios.find((each) => each.variant === variant && each.name === name) ?? {}
  const round = repetitions > 1 ? `${repetition}/${repetitions} ` : ''
  const took = elapsedMs === undefined ? '' : ` ${(elapsedMs / 1_000).toFixed(1)}s`
  const silent = newsAt === undefined ? '' : `, nothing new for ${seconds(at - newsAt)}`
  return `${round}${settled}/${size} items${failed > 0 ? `, ${failed} failed` : ''}${took}${inHand(batches, at)}${silent}`
}

/** The one that is at it for the longest time, and how many others. */
function inHand(batches: Known['batches'] = [], at: number): string {
  const [oldest, ...others] = batches.toSorted((a, b) => a.since - b.since)
  if (!oldest) return ''
  const waits = oldest.waitsUntil !== null && oldest.waitsUntil > at ? ` (its next attempt at ${clockTime(oldest.waitsUntil)})` : ''
  return `, batch ${oldest.batch} for ${seconds(at - oldest.since)}${waits}${others.length > 0 ? `, ${others.length} more at work` : ''}`
}

function untilWhen(status: string, probeAt: number | null, at: number): string | null {
  if (status === 'forcedOpen') return 'held open by command, until it is reset'
  if (status !== 'open' || probeAt === null || probeAt <= at) return null
  return `no calls until ${clockTime(probeAt)} (${seconds(probeAt - at)}), then a probe may pass`
}

function wayOut(variant: string[], { run, from }: Watched): string {
  if (from === 'memory') return 'Ctrl-C ends the run'
  const reset = `To go on at once: ${troupeCommand('breaker', 'reset', run, ...variant)}`
  return from === 'here' ? `${reset}. Ctrl-C stops the run, which can go on later` : reset
}

const seconds = (ms: number) => `${Math.max(0, Math.round(ms / 1_000))} s`
