import type { ReportedError } from './reportedError.ts'

/** Where an error was thrown: `skill.mjs:3:11`, not in a package if the stack has another place; `null` where that is not known. */
export function placeOf({ frames = [] }: Pick<ReportedError, 'frames'>): string | null {
  const frame = frames.find((each) => !each.includes('node_modules/')) ?? frames[0]
  return frame === undefined ? null : (/\(([^()]*)\)$/.exec(frame)?.[1] ?? frame)
}

/** Items by their numbers, both ends included: `item 7`, `items 50–59`. */
export const itemsText = ([from, to]: readonly [number, number]) => (to - from === 1 ? `item ${from}` : `items ${from}–${to - 1}`)

/** Of what a process wrote before it ended, so many lines are in the first line of its error. */
const LAST_LINES = 3
const ENDED = new Set(['CommandFailedError', 'SkillCrashedError'])

/** An error's message in one line: its first one, and of a process that ended what it wrote last. */
export function headlineOf({ name, message }: Pick<ReportedError, 'name' | 'message'>): string {
  const [first = '', ...rest] = message.split('\n')
  const words = ENDED.has(name) ? rest.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('at ')) : []
  return words.length === 0 ? first : `${first}: ${words.slice(-LAST_LINES).join(' | ')}`
}

interface FailedAttempt {
  from?: number
  items: number
  batch: number
  /** Of items that failed alone: how many, and the numbers of the first. */
  failed?: number
  numbers?: number[]
  error: ReportedError
}

/** What the event of a failed attempt says, as text: with `verbose` its whole stack, else the place alone. */
export function failureText({ type, data }: { type: string; data: Record<string, unknown> }, { verbose }: { verbose: boolean }): string {
  const failed = data as unknown as FailedAttempt
  const { name, message, attempt, frames = [], code } = failed.error
  const again = type.endsWith('.retried') ? `, attempt ${attempt}, tried again` : attempt > 1 ? ` at attempt ${attempt}` : ''
  const shown = code === undefined || message.includes(code) ? '' : ` (${code})`
  const place = verbose ? null : placeOf({ frames })
  const stack = verbose ? frames.map((frame) => `\n    at ${frame}`) : []
  return `${whatFailed(failed)} failed${again}: ${name}: ${headlineOf({ name, message })}${shown}${place ? ` at ${place}` : ''}${stack.join('')}`
}

function whatFailed({ from, items, batch, failed = 1, numbers }: FailedAttempt): string {
  if (numbers) return `item ${numbers[0]}${failed > 1 ? ` and ${failed - 1} more` : ''} of batch ${batch}`
  return from === undefined ? `batch ${batch}` : `batch of ${itemsText([from, from + items])}`
}
