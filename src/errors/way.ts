/** What is known of how a call failed. */
export interface FailedWay {
  name: string
  message: string
  /** Its stack in the user's files, nearest first. */
  frames?: readonly string[]
}

/** The same for errors that are alike: by the place that threw them where it is known, else by their message without what differs from one item to the next. */
export const wayOf = ({ name, message, frames }: FailedWay) => (frames?.[0] ? `${name} at ${frames[0]}` : shapeOf({ name, message }))

/** A message without what differs from one item to the next: numbers, quoted texts, ids. */
export function shapeOf({ name, message }: Pick<FailedWay, 'name' | 'message'>): string {
  const shape = message
    .replaceAll(/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"')
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/gi, '#')
    .replaceAll(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '#')
    .replaceAll(/\d+(\.\d+)*/g, '#')
  return `${name}: ${shape}`
}
