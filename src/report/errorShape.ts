import type { ReportedError } from './reportedError.ts'

/** A message without what differs from one item to the next: numbers, quoted texts, ids. */
export function shapeOf({ name, message }: Pick<ReportedError, 'name' | 'message'>): string {
  const shape = message
    .replaceAll(/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"')
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/gi, '#')
    .replaceAll(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '#')
    .replaceAll(/\d+(\.\d+)*/g, '#')
  return `${name}: ${shape}`
}
