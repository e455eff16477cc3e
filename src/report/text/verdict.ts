import { chaosText } from '../../plan.ts'
import { programsText } from '../programs.ts'
import type { Report } from '../report.ts'
import type { Page, Style } from './lines.ts'
import { duration } from './units.ts'

const STYLES = { pass: 'green', fail: 'red', inconclusive: 'yellow' } as const satisfies Record<Report['verdict']['status'], Style>

/** What came out, and why; then whose it is. */
export function verdictSection(report: Report, page: Page): string[] {
  const { verdict, chaos, run, plan, status, reason, finishedAt, elapsedMs } = report
  const took = finishedAt !== null && elapsedMs !== null ? `, ${duration(elapsedMs)}` : ''
  const why = reason ? ` (${reason})` : ''
  return [
    `Verdict: ${page.paint(STYLES[verdict.status], verdict.status.toUpperCase())}`,
    ...(chaos ? page.wrapped(`CHAOS was on: ${chaosText(chaos)}`, 'yellow') : []),
    ...verdict.reasons.flatMap((line) => page.wrapped(line, undefined, { first: '  ', indent: '  ' })),
    ...programLines(report, page),
    ...page.wrapped(`run ${run} of plan ${plan}: ${status}${why}${took}`, 'dim'),
  ]
}

const programLines = ({ programs, scenarios }: Report, page: Page): string[] =>
  (programs ?? []).flatMap((of) => {
    const whose = scenarios.some(({ variant }) => variant !== of.variant) ? `${of.variant}: ` : ''
    const same = of.version === null ? '' : `; by their version, ${of.version}, they count as the same`
    return page.wrapped(`${whose}${programsText(of)}${same}`, of.version === null ? 'yellow' : 'dim')
  })
