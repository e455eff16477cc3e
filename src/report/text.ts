import type { Report } from './report.ts'
import { diagnosisSection } from './text/diagnosis.ts'
import { errorSection } from './text/errors.ts'
import { page, type Page } from './text/lines.ts'
import { milestoneSection } from './text/milestones.ts'
import { scenarioSection } from './text/scenarios.ts'
import { synthesisSection } from './text/synthesis.ts'
import { verdictSection } from './text/verdict.ts'
import { troupeCommand } from '../shellCommand.ts'

export interface TextOptions {
  /** Columns, 40 to 200. Default 80. */
  width?: number
  /** Default false. */
  colour?: boolean
}

/** The report for a terminal: the verdict first; no line is longer than `width`. Ends with a line break. */
export function textReport(report: Report, options: TextOptions = {}): string {
  const where = page(options)
  const sections = [verdictSection, scenarioSection, milestoneSection, errorSection, diagnosisSection, synthesisSection, whereStored]
  const texts = sections.map((section) => section(report, where)).filter((lines) => lines.length > 0)
  return `${texts.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function whereStored({ run, environment }: Report, where: Page): string[] {
  if (environment.database === 'memory') return where.wrapped('nothing of this run is stored: it ran in memory', 'dim')
  return where.wrapped(`the whole report: ${troupeCommand('report', run)} --format json`, 'dim')
}
