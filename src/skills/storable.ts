import { ResultShapeError, UnstorableResultError } from '../errors.ts'
import { lostInJson } from './lostInJson.ts'

/**
 * The results as JSON text that PostgreSQL can hold. Properties that are `undefined` are left out, and -0 is 0.
 *
 * @param expected `items`: how many results there must be. `maxBytes`: of the text, as UTF-8.
 * @throws {ResultShapeError} if it is no array of `items` results.
 * @throws {UnstorableResultError} for cycles, BigInt, results that are no JSON at all or hold what it would lose (a Map, a function, a class instance) or make null (NaN, Infinity, `undefined` in a list), U+0000, lone surrogates, and more than `maxBytes`.
 */
export function storable(results: unknown, expected: { items: number; maxBytes: number }): { text: string } {
  if (!Array.isArray(results)) throw new ResultShapeError(`The skill returned ${kindOf(results)}, not an array of results`)
  if (results.length !== expected.items) {
    throw new ResultShapeError(`The skill returned ${count(results.length, 'result')} for ${count(expected.items, 'item')}`)
  }
  for (let i = 0; i < results.length; i++) {
    const type = typeof results[i]
    if (type === 'undefined' || type === 'function' || type === 'symbol') {
      throw new UnstorableResultError(`Result ${i} is ${kindOf(results[i])}, which is no JSON; return null for an item without a result`)
    }
  }
  const text = stringify(results, expected.maxBytes)
  for (let i = 0; i < results.length; i++) {
    const lost = lostInJson(results[i])
    if (lost !== undefined) throw new UnstorableResultError(`Result ${i}${lost}, which is no JSON`)
  }
  // One UTF-16 unit takes 1 to 3 bytes: most texts need no counting.
  if (text.length > expected.maxBytes || (text.length * 3 > expected.maxBytes && Buffer.byteLength(text) > expected.maxBytes)) {
    throw new UnstorableResultError(
      `The results take ${megabytes(Buffer.byteLength(text))}, more than maxResultBytes, ${megabytes(expected.maxBytes)}`,
    )
  }
  if (text.includes('\\u') && refused(text)) {
    const index = results.findIndex((result) => refused(JSON.stringify(result) ?? ''))
    throw new UnstorableResultError(`${index < 0 ? 'A result' : `Result ${index}`} holds ${refused(text)}, which PostgreSQL cannot store`)
  }
  return { text }
}

function stringify(results: unknown[], maxBytes: number): string {
  try {
    return JSON.stringify(results)
  } catch (cause) {
    const { message } = cause as Error
    if (cause instanceof RangeError && message.includes('string length')) {
      throw new UnstorableResultError(`The results take far more than maxResultBytes, ${megabytes(maxBytes)}`, { cause })
    }
    const index = results.findIndex((result) => !isJson(result))
    throw new UnstorableResultError(`${index < 0 ? 'The results' : `Result ${index}`} cannot be written as JSON: ${whyNot(cause)}`, {
      cause,
    })
  }
}

function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}

function whyNot(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (message.includes('circular')) return 'it contains itself'
  if (message.includes('BigInt')) return 'it holds a BigInt; write it as a string'
  if (cause instanceof RangeError) return 'it is nested too deeply'
  return message
}

/** What `text` holds that jsonb refuses. JSON.stringify writes U+0000 as \u0000 and lone surrogates, only them, as \ud800 to \udfff. */
function refused(text: string): string | undefined {
  for (let at = text.indexOf('\\u'); at >= 0; at = text.indexOf('\\u', at + 2)) {
    let before = at
    while (text.charCodeAt(before - 1) === BACKSLASH) before--
    // After an odd number of backslashes this one is itself escaped, and the text says "\u" literally.
    if ((at - before) % 2 === 1) continue
    if (text.startsWith('0000', at + 2)) return 'the character U+0000'
    if (text[at + 2] === 'd' && text[at + 3]! >= '8') return `the lone surrogate U+${text.slice(at + 2, at + 6).toUpperCase()}`
  }
  return undefined
}

const BACKSLASH = 0x5c

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`
const megabytes = (bytes: number) => (bytes < 1e6 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(1)} MB`)
