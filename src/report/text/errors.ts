import { shapeOf } from '../../errors.ts'
import { itemsText } from '../place.ts'
import type { Report } from '../report.ts'
import type { ReportedError } from '../reportedError.ts'
import type { Page } from './lines.ts'
import { nameIn } from './scenarios.ts'

const MOST_GROUPS = 10
/** As many as a report keeps. */
const KEPT = 100

interface Located {
  scenario: string
  error: ReportedError
}

/** Failed attempts: how many of which class, then alike ones together, the most frequent first; the first of each as an example, with its cause. */
export function errorSection(report: Report, page: Page): string[] {
  const name = nameIn(report)
  const counts = report.scenarios.flatMap((scenario) => classCounts(name(scenario), scenario.errors.byClass))
  const all = report.scenarios.flatMap((scenario) => scenario.errors.last.map((error) => ({ scenario: name(scenario), error })))
  if (counts.length === 0 && all.length === 0) return []
  const groups = [...Map.groupBy(all, ({ error }) => shapeOf(error)).values()].toSorted((a, b) => weightOf(b) - weightOf(a))
  const more = groups.length - MOST_GROUPS
  return [
    page.paint('bold', 'Failed attempts'),
    ...counts.flatMap((line) => page.wrapped(line)),
    ...groups.slice(0, MOST_GROUPS).flatMap((group) => groupLines(group, page)),
    ...(more > 0 ? page.wrapped(`and ${more} other kinds, in the JSON report`, 'dim') : []),
    ...(all.length >= KEPT ? page.wrapped(`the groups are made of the last ${all.length} attempts`, 'dim') : []),
  ]
}

function classCounts(name: string, byClass: Record<string, number>): string[] {
  const counts = Object.entries(byClass).filter(([, count]) => count > 0)
  return counts.length === 0 ? [] : [`${name}: ${counts.map(([errorClass, count]) => `${count} ${errorClass}`).join(', ')}`]
}

/** Items that failed alone count one by one. */
const weightOf = (group: readonly Located[]) => group.reduce((sum, { error }) => sum + (error.items ?? 1), 0)

function itemOf({ range, itemNumbers: [first] = [] }: ReportedError): string {
  if (first !== undefined) return `, item ${first}`
  return range ? `, ${itemsText(range)}` : ''
}

function groupLines(group: readonly Located[], page: Page): string[] {
  const { scenario, error } = group[0]!
  const causes = (error.causes ?? []).map((cause) => `caused by ${cause.name}: ${cause.message}`)
  return [
    ...page.wrapped(`${weightOf(group)} × ${error.name}: ${error.message}`, 'red', { indent: '    ' }),
    ...causes.flatMap((cause) => page.wrapped(cause, undefined, { first: '    ', indent: '    ' })),
    ...(error.frames ?? []).flatMap((frame) => page.wrapped(`at ${frame}`, undefined, { first: '    ', indent: '        ' })),
    ...page.wrapped(`first: ${scenario}, batch ${error.batch}${itemOf(error)}, attempt ${error.attempt}; ${error.class}`, 'dim', {
      first: '    ',
      indent: '    ',
    }),
  ]
}
