import { chaosText } from '../../plan.ts'
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
    ...page.wrapped(`run ${run} of plan ${plan}: ${status}${why}${took}`, 'dim'),
  ]
}
