import type { StoredEvent } from '../index.ts'

/** Of a text, or of a list: what is longer is cut. JSON has all of it. */
const LONGEST_TEXT = 160
const LONGEST_LIST = 10

/** What an event says, for people who look at it: `actor type: key value, …`. Only spaces stand between its words, so that a line can break there. */
export function eventText({ actor, type, data }: Pick<StoredEvent, 'actor' | 'type' | 'data'>): string {
  const words = wordsOf(data)
  return `${actor} ${type}${words && `: ${words}`}`
}

const wordsOf = (data: object): string =>
  Object.entries(data)
    .map(([key, value]) => `${key} ${valueText(key, value)}`)
    .join(', ')

function valueText(key: string, value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 1000) / 1000)
  if (typeof value === 'string') return cut(value)
  if (Array.isArray(value)) return listText(key, value)
  if (typeof value !== 'object' || value === null) return String(value)
  return key === 'error' ? errorText(value) : `(${wordsOf(value)})`
}

function listText(key: string, values: readonly unknown[]): string {
  if (values.length === 0) return 'none'
  const more = values.length > LONGEST_LIST ? [`and ${values.length - LONGEST_LIST} more`] : []
  return [...values.slice(0, LONGEST_LIST).map((value) => valueText(key, value)), ...more].join(' ')
}

/** Its frames, its cause and what else is known of it are for `--json` and the report. */
function errorText({ name, message, class: kind }: { name?: unknown; message?: unknown; class?: unknown }): string {
  const said = cut([name, message].filter((part) => typeof part === 'string' && part !== '').join(': '))
  return typeof kind === 'string' ? `${said} (${kind})` : said
}

function cut(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  const characters = [...line]
  return characters.length <= LONGEST_TEXT ? line : `${characters.slice(0, LONGEST_TEXT - 1).join('')}…`
}
