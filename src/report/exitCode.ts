import type { Report } from './report.ts'

export type ExitCode = 0 | 1 | 3 | 4 | 5 | 130

const CODES = { pass: 0, fail: 3, inconclusive: 4 } as const satisfies Record<Report['verdict']['status'], ExitCode>

/**
 * What the command line exits with, for a run that was started: 130 interrupted, 5 stopped by the cost cap, 1 a scenario failed,
 * 3 what the user asked was missed, 4 inconclusive, 0 pass; where several apply, the first of them in this order.
 */
export function exitCodeOf(report: Report, { interrupted = false }: { interrupted?: boolean } = {}): ExitCode {
  if (interrupted) return 130
  const failed = report.scenarios.filter(({ status }) => status === 'failed')
  if (failed.some(({ reason }) => reason === 'cost-cap')) return 5
  if (failed.length > 0) return 1
  return CODES[report.verdict.status]
}
