import { StoredDamagedError, StoredVersionError } from '../errors.ts'
import type { RunRow } from '../persistence/store.ts'
import type { Report } from '../report/report.ts'

/** The schema of reports that are made now. */
const REPORT_SCHEMA = 1

/** Keys that schema 1 has got since version 0.1.0, from what is in every report. */
const added = (report: Partial<Report>): Partial<Report> => ({
  elapsedMs: report.startedAt == null || report.finishedAt == null ? null : report.finishedAt - report.startedAt,
})

/**
 * The report that was stored at the end of a run, in today's form; `null`: there is none. Nothing else reads a stored report.
 * @throws {StoredVersionError} if a newer program stored it. @throws {StoredDamagedError} if it is no report.
 */
export function storedReport({ id, report, finishedAt }: Pick<RunRow, 'id' | 'report' | 'finishedAt'>): Report | null {
  if (report === null || finishedAt === null) return null
  const { schema, scenarios } = report as Partial<Report>
  if (typeof schema !== 'number' || !Array.isArray(scenarios))
    throw new StoredDamagedError('report', id, 'it has no schema, or no scenarios')
  if (schema > REPORT_SCHEMA) throw new StoredVersionError('report', id, schema, REPORT_SCHEMA)
  return { ...added(report), ...report } as Report
}
