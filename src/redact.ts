/** Shorter values would hide too much. */
const SHORTEST = 4
/** Of a value with several lines, a line that is worth hiding by itself. */
const SHORTEST_LINE = 8
/** Where a text was cut, as much of a secret as gives it away. Longer ones are looked for by this many characters at most. */
const SHORTEST_PIECE = 8
const LONGEST_PIECE = 200

export type Redact = (text: string) => string

const nothing: Redact = (text) => text

/** The values of environment variables, by their names. */
export const valuesOf = (names: readonly string[], environment: NodeJS.ProcessEnv = process.env): string[] =>
  names.flatMap((name) => environment[name] ?? [])

let last: { key: string; redact: Redact } | undefined

/**
 * Replaces secrets by `***` wherever they stand in a text, in every form that a secret is likely to take: as it is, trimmed, by its lines, as JSON, URLs
 * and base64 write it, as a part of what was written so, and cut off at the end or the beginning of a line.
 */
export function redactorOf(secrets: readonly string[]): Redact {
  const values = [...new Set(secrets.flatMap(partsOf))]
  if (values.length === 0) return nothing
  const key = JSON.stringify(values)
  if (last?.key !== key) last = { key, redact: compile(values) }
  return last.redact
}

/** As `redactorOf`, by the names of environment variables. */
export const redactor = (names: readonly string[], environment?: NodeJS.ProcessEnv): Redact => redactorOf(valuesOf(names, environment))

/** The same in every text of a value, keys left as they are. */
export function redactDeep<T>(value: T, redact: Redact): T {
  if (redact === nothing) return value
  if (typeof value === 'string') return redact(value) as T
  if (Array.isArray(value)) return value.map((each) => redactDeep<unknown>(each, redact)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redactDeep<unknown>(each, redact)])) as T
}

/** A value as it is, without the white space around it, and its lines. */
function partsOf(secret: string): string[] {
  const lines = /[\r\n]/.test(secret) ? secret.split(/[\r\n]+/).map((line) => line.trim()) : []
  return [
    ...[secret, secret.trim()].filter((part) => part.trim().length >= SHORTEST),
    ...lines.filter((line) => line.length >= SHORTEST_LINE),
  ]
}

function compile(values: readonly string[]): Redact {
  const forms = [...new Set(values.flatMap(formsOf))].sort((a, b) => b.length - a.length)
  const whole = new RegExp(forms.map(literal).join('|'), 'g')
  const pieces = values.filter((value) => value.length > SHORTEST_PIECE && !/[\r\n]/.test(value))
  const cut = pieces.length === 0 ? undefined : new RegExp(pieces.flatMap(cutForms).join('|'), 'gm')
  return (text) => {
    const clean = text.replace(whole, '***')
    return cut ? clean.replace(cut, '***') : clean
  }
}

function formsOf(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1)
  const url = encodeURIComponent(value.toWellFormed())
  const form = new URLSearchParams([['', value]]).toString().slice(1)
  return [
    value,
    json,
    JSON.stringify(json).slice(1, -1),
    // As languages write JSON that keep to ASCII, and those that escape slashes.
    json.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    json.replaceAll('/', '\\/'),
    ...[url, encodeURI(value.toWellFormed()), form].flatMap((text) => [
      text,
      text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    ]),
    value.replaceAll("'", "'\\''"),
    ...base64Forms(value),
    ...[Buffer.from(value).toString('hex')].flatMap((hex) => [hex, hex.toUpperCase()]),
  ]
}

/** Alone and inside of something longer, such as `user:secret`: the characters that come from the secret's bits alone, at each of three offsets. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value)
  const inner = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
  })
  const whole = bytes.toString('base64')
  const forms = [whole, whole.replace(/=+$/, ''), ...inner.filter((text) => text.length >= SHORTEST_PIECE)]
  return forms.flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')])
}

/** Its beginning where a line ends, and its end where one begins. */
function cutForms(value: string): string[] {
  const units = [...value]
  const head = units.slice(0, LONGEST_PIECE)
  const tail = units.slice(-LONGEST_PIECE)
  const onwards = head.slice(SHORTEST_PIECE).reduceRight((rest, unit) => `(?:${literal(unit)}${rest})?`, '')
  const before = tail.slice(0, -SHORTEST_PIECE).reduce((rest, unit) => `(?:${rest}${literal(unit)})?`, '')
  return [
    `${literal(head.slice(0, SHORTEST_PIECE).join(''))}${onwards}(?=…?$)`,
    `(?<=^[ \\t]*)${before}${literal(tail.slice(-SHORTEST_PIECE).join(''))}`,
  ]
}

const literal = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
