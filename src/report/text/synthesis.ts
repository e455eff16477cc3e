import type { Report } from '../report.ts'
import type { Page } from './lines.ts'

const LONGEST = 2_000

/** What the plan made of the claims, as it is if it is a text, else as JSON. */
export function synthesisSection({ synthesis }: Report, page: Page): string[] {
  if (!synthesis) return []
  const title = page.paint('bold', 'Summary')
  if ('error' in synthesis) return [title, ...page.wrapped(`synthesize failed: ${synthesis.error}`, 'red')]
  const text = typeof synthesis.value === 'string' ? synthesis.value : JSON.stringify(synthesis.value, null, 2)
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}… (all of it in the JSON report)` : text
  return [title, ...page.wrapped(shown)]
}
