import { headlineOf, placeOf } from '../place.ts'
import type { Report } from '../report.ts'
import type { Page } from './lines.ts'
import { nameIn } from './scenarios.ts'

/** The likely cause of a failed run, the first error of each scenario, and what to try. */
export function diagnosisSection(report: Report, page: Page): string[] {
  const { diagnosis } = report
  if (!diagnosis) return []
  const name = nameIn(report)
  const { cause, because, firstErrors, advice } = diagnosis
  const likely = cause === 'unknown' ? `Likely cause: not clear, ${because}` : `Likely cause: ${cause}, ${because}`
  return [
    page.paint('bold', 'Diagnosis'),
    ...page.wrapped(likely),
    ...firstErrors.flatMap(({ variant, scenario, reason, error }) => {
      const place = error && placeOf(error)
      const first = error ? `first error ${error.name}: ${headlineOf(error)}${place ? ` at ${place}` : ''}` : 'no failed attempt is stored'
      return page.wrapped(`${name({ variant, name: scenario })} (${reason}): ${first}`, undefined, { indent: '    ' })
    }),
    ...advice.flatMap((line) => page.wrapped(line, undefined, { first: '- ', indent: '  ' })),
  ]
}
