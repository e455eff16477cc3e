const SHORT: Readonly<Record<string, string>> = { '\b': '\\b', '\f': '\\f', '\r': '\\r' }

/** C0 but tab and line feed, DEL, C1, line separators, what turns the direction of a text around, and what takes no room and says nothing. */
const CONTROLS = /(?![\t\n])[\p{Cc}\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu

/**
 * Returns a text as a terminal may get it: control characters of plans, skills and services are shown as JSON writes them (`\u001b`), so that they
 * cannot move the cursor, set the clipboard or pass for other lines, and a JSON text keeps its value. Tabs and line feeds stay.
 */
export const printable = (text: string): string => text.replaceAll(CONTROLS, escaped)

/** As `printable`, for a text that must not become several lines. */
export const printableLine = (text: string): string => printable(text).replaceAll('\n', String.raw`\n`)

/** As `printable`, and colours stay. For pages that were laid out from printable texts. */
export const printablePage = (text: string): string =>
  text
    .split(COLOUR)
    .map((part, index) => (index % 2 === 0 ? printable(part) : part))
    .join('')

// oxlint-disable-next-line no-control-regex
const COLOUR = /(\u001b\[[\d;]{1,20}m)/

const escaped = (character: string) => SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** `05:07:04`, local. */
export function clockTime(at: number): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}
