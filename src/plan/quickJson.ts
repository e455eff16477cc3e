/** A string of JSON and, of a key, its colon. */
const STRING = /"(?:[^"\\]|\\.)*"(\s*:)?/g

/**
 * What a JSON text says, if there is nothing to say against it; `undefined` where it is none, or where a key is written twice.
 * It knows no lines, and so needs no parser beside the one of the language.
 */
export function quickJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    const written = [...text.matchAll(STRING)].filter(([, colon]) => colon !== undefined).length
    return written === keysIn(value) ? value : undefined
  } catch {
    return undefined
  }
}

function keysIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const values = Object.values(value)
  return values.reduce<number>((sum, each) => sum + keysIn(each), Array.isArray(value) ? 0 : values.length)
}
