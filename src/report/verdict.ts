import type { RunFigures, ScenarioFigures } from './figures.ts'
import { qualityOf } from './metrics.ts'
import { endedByBail } from './tolerance.ts'
import { mixtureIn, programsText } from './programs.ts'
import { troupeCommand } from '../shellCommand.ts'

/** `reasons`: at least one, what decided it first, in sentences for the user. */
export interface Verdict {
  status: 'pass' | 'fail' | 'inconclusive'
  reasons: string[]
}

interface Finding {
  status: Verdict['status']
  reason: string
}

const WORST_FIRST = ['fail', 'inconclusive', 'pass'] as const

/**
 * A failed scenario fails the run. Beyond that only what the user asked decides: `expectedQuality` (`qualityOf` says of what) of every
 * scenario that is complete, and a written `expects`, which this version cannot judge. What has not ended is inconclusive.
 */
export function verdictOf(figures: RunFigures): Verdict {
  const several = new Set(figures.scenarios.map(({ variant }) => variant)).size > 1
  const nameOf = ({ variant, name }: ScenarioFigures) => (several ? `${variant}/${name}` : name)
  const findings = [
    ...figures.scenarios.flatMap((scenario) => failure(scenario, nameOf(scenario))),
    ...unfinished(figures),
    ...figures.scenarios.flatMap((scenario) => qualityFinding(scenario, nameOf(scenario), figures)),
    ...growthFinding(figures),
  ]
  const tolerated = toleratedFailures(figures, nameOf)
  if (findings.length === 0) return { status: 'pass', reasons: ['completed; no expectations were set', ...tolerated] }
  const ordered = WORST_FIRST.flatMap((status) => findings.filter((finding) => finding.status === status))
  return { status: ordered[0]!.status, reasons: [...ordered.map(({ reason }) => reason), ...tolerated] }
}

const WHY: Record<string, (s: ScenarioFigures) => string> = {
  errors: (s) =>
    endedByBail(s)
      ? `${failedItems(s)}, and with --bail the first one ends the run; ${share(s.errorTolerance)} would be tolerated`
      : `${failedItems(s)}, ${share(s.errorTolerance)} were tolerated`,
  'time-budget': () => 'its time budget is used up',
  memory: memoryText,
  cancelled: () => 'it was cancelled',
  skill: () => 'its skill could no longer be loaded',
  breaker: () => 'the breaker in front of its skill gave up, its probes failed as well',
}

const failedItems = ({ itemsFailed, size, repetitions }: ScenarioFigures) => `${itemsFailed} of ${size * repetitions} items failed`

function memoryText({ memoryPeakMb: peak, memoryLimitMb: limit }: ScenarioFigures): string {
  const held = peak === null ? '' : `, it held ${Math.ceil(peak)} MB`
  return limit === null ? `it needed more memory than there was${held}` : `it needed more memory than memoryLimitMb, ${limit} MB${held}`
}

/** What passed all the same, and how to try it again where it is stored. */
function toleratedFailures({ scenarios, run, environment }: RunFigures, nameOf: (scenario: ScenarioFigures) => string): string[] {
  const some = scenarios.filter(({ status, itemsFailed }) => status === 'complete' && itemsFailed > 0)
  const again = `try them again with ${troupeCommand('resume', run, '--retry-failed')}`
  return [
    ...some.map(
      (scenario) => `${nameOf(scenario)}: ${failedItems(scenario)}, within the ${share(scenario.errorTolerance)} that are tolerated`,
    ),
    ...(some.length > 0 && environment.database !== 'memory' ? [again] : []),
  ]
}

function failure(scenario: ScenarioFigures, name: string): Finding[] {
  if (scenario.status !== 'failed') return []
  const { reason } = scenario
  const why = reason && Object.hasOwn(WHY, reason) ? `: ${WHY[reason]!(scenario)}` : ''
  return [{ status: 'fail', reason: `${name} failed with ${reason ?? 'no reason'}${why}` }]
}

function unfinished({ finishedAt, run, status }: RunFigures): Finding[] {
  if (finishedAt !== null) return []
  return [{ status: 'inconclusive', reason: `the run has not ended, it is ${status}: go on with ${troupeCommand('resume', run)}` }]
}

function qualityFinding(scenario: ScenarioFigures, name: string, run: RunFigures): Finding[] {
  const { expectedQuality: expected, status } = scenario
  if (expected === null || status !== 'complete') return []
  const quality = qualityOf(scenario)
  if (quality === null) {
    const reason = `${name}: no quality was returned, though at least ${expected} is expected: let the skill return { results, quality }`
    return [{ status: 'inconclusive', reason }]
  }
  const mixture = mixtureIn(scenario, run)
  if (mixture) {
    const what = `${name}: quality ${shown(quality, expected)} is of no single program: ${programsText(mixture)}`
    return [{ status: 'inconclusive', reason: `${what}. Run it anew with --new; a version in the skill says that they count as the same` }]
  }
  const met = quality >= expected
  return [{ status: met ? 'pass' : 'fail', reason: `${name}: quality ${shown(quality, expected)}, at least ${expected} is expected` }]
}

function growthFinding({ expects }: RunFigures): Finding[] {
  if (expects === null) return []
  return [{ status: 'inconclusive', reason: `expects ${expects}: growth is not measured by this version` }]
}

/** As few digits as tell it from what was expected: a quality just below 0.8 is not shown as 0.800. */
function shown(quality: number, expected: number): string {
  for (let digits = 3; digits <= 12; digits++) {
    const text = quality.toFixed(digits)
    if (Number(text) >= expected === quality >= expected) return text
  }
  return String(quality)
}

const share = (ratio: number) => `${Number((ratio * 100).toPrecision(3))} %`
