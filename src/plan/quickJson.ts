import { parseExact } from './exactJson.ts'
import { hasNumberedNames, LOST_KEY } from './keyOrder.ts'

/** A string of JSON and, of a key, its colon. */
const STRING = /"(?:[^"\\]|\\.)*"(\s*:)?/g

/**
 * What a JSON text says, if there is nothing to say against it; `undefined` where it is none, where a key is written twice,
 * a number would change, or names are numbers.
 * It knows no lines, and so needs no parser beside the one of the language.
 */
export function quickJson(text: string): unknown {
  try {
    const value = parseExact(text)
    // Only the text says in which order they are written.
    if (hasNumberedNames(value)) return undefined
    const written = [...text.matchAll(STRING)].filter(([, colon]) => colon !== undefined).length
    return written === keysIn(value) && !hasLostKey(value) ? value : undefined
  } catch {
    return undefined
  }
}

function keysIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const values = Object.values(value)
  return values.reduce<number>((sum, each) => sum + keysIn(each), Array.isArray(value) ? 0 : values.length)
}

const hasLostKey = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (Object.hasOwn(value, LOST_KEY) || Object.values(value).some(hasLostKey))
