const SHORTEST = 4

/** Replaces the values of environment variables wherever they stand in a text; values of less than four characters would hide too much. */
export function redactor(names: readonly string[], environment: NodeJS.ProcessEnv = process.env): (text: string) => string {
  const values = names.flatMap((name) => environment[name] ?? []).filter((value) => value.length >= SHORTEST)
  // As they are, and as JSON writes them.
  const forms = [...new Set(values.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]))].sort((a, b) => b.length - a.length)
  return forms.length === 0 ? (text) => text : (text) => forms.reduce((clean, form) => clean.replaceAll(form, '***'), text)
}
