import { StoredDamagedError, StoredVersionError } from '../errors.ts'
import type { RunRow } from '../persistence/store.ts'
import type { Report, ScenarioReport } from '../report/report.ts'

/** The schema of reports that are made now. */
const REPORT_SCHEMA = 1

/** Keys that schema 1 has got since version 0.1.0, made of what is in every report. Another schema gets an upcast, as plans have them. */
function added({ startedAt = null, finishedAt = null, scenarios }: ReportBefore): Partial<Report> {
  // One that lived through all of the run had no process whenever the run had none.
  const idleMs = Math.max(...scenarios.map(({ pausedMs }) => pausedMs?.interrupted ?? 0))
  return { programs: null, elapsedMs: startedAt === null || finishedAt === null ? null : Math.max(0, finishedAt - startedAt - idleMs) }
}

/** What was not measured then is not known now. */
const addedToScenario = (_scenario: Partial<ScenarioReport>): Partial<ScenarioReport> => ({
  difficulty: null,
  backoffMs: null,
  programs: null,
})

type ReportBefore = Partial<Omit<Report, 'scenarios'>> & { scenarios: Partial<ScenarioReport>[] }

/**
 * The report that was stored at the end of a run, in today's form; `null`: there is none. Nothing else reads a stored report.
 * @throws {StoredVersionError} if a newer program stored it. @throws {StoredDamagedError} if it is no report.
 */
export function storedReport({ id, report, finishedAt }: Pick<RunRow, 'id' | 'report' | 'finishedAt'>): Report | null {
  if (report === null || finishedAt === null) return null
  const stored = report as ReportBefore
  if (typeof stored.schema !== 'number' || !Array.isArray(stored.scenarios)) {
    throw new StoredDamagedError('report', id, 'it has no schema, or no scenarios')
  }
  if (stored.schema > REPORT_SCHEMA) throw new StoredVersionError('report', id, stored.schema, REPORT_SCHEMA)
  const scenarios = stored.scenarios.map((scenario) => completed(scenario, addedToScenario(scenario)))
  return completed({ ...stored, scenarios }, added(stored)) as Report
}

/** With the keys that it lacks. What it has stays in its place, so that a report is shown in the same words as at its end. */
function completed<Part extends object>(part: Part, added: Partial<Part>): Part {
  const missing = Object.entries(added).filter(([key]) => !(key in part))
  return { ...part, ...Object.fromEntries(missing) }
}
