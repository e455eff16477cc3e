const SHORTEST = 4

/** Replaces the values of environment variables wherever they stand in a text; values of less than four characters would hide too much. */
export function redactor(names: readonly string[], environment: NodeJS.ProcessEnv = process.env): (text: string) => string {
  const values = names.flatMap((name) => environment[name] ?? []).filter((value) => value.length >= SHORTEST)
  // As they are, and as JSON and URLs write them.
  const formsOf = (value: string) => [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed())]
  const forms = [...new Set(values.flatMap(formsOf))].sort((a, b) => b.length - a.length)
  return forms.length === 0 ? (text) => text : (text) => forms.reduce((clean, form) => clean.replaceAll(form, '***'), text)
}

/** The same in every text of a value, keys left as they are. */
export function redactDeep<T>(value: T, redact: (text: string) => string): T {
  if (typeof value === 'string') return redact(value) as T
  if (Array.isArray(value)) return value.map((each) => redactDeep<unknown>(each, redact)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redactDeep<unknown>(each, redact)])) as T
}
