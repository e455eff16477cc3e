import { closest, distance } from 'fastest-levenshtein'
import type { SchemaNode } from './jsonSchema.ts'

const LONGEST_QUOTE = 60

/** What was found, in a few words: values as they would be written, large ones by their kind. */
export function found(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'number') return String(value)
  if (typeof value === 'bigint' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value === 'string') return JSON.stringify(value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}…` : value)
  if (typeof value === 'boolean' || value === null) return String(value)
  const short = shortJson(value)
  if (short) return short
  return Array.isArray(value) ? `a list of ${value.length}` : 'an object'
}

/** What is allowed at `node`, in a few words; `value` is what was found there. */
export function expected(node: SchemaNode | undefined, value: unknown): string {
  if (!node || node.$ref) return 'a JSON value'
  if (node.title) return node.title
  if (node.anyOf?.every((branch) => branch.const !== undefined))
    return `one of ${node.anyOf.map((branch) => JSON.stringify(branch.const)).join(', ')}`
  if (node.anyOf) return [...new Set(node.anyOf.map((branch) => expected(branch, value)))].join(', or ')
  if (node.const !== undefined) return JSON.stringify(node.const)
  if (node.enum) return `one of ${node.enum.map((allowed) => JSON.stringify(allowed)).join(', ')}`
  if (Array.isArray(node.type)) return node.type.map((type) => expected({ ...node, type }, value)).join(' or ')
  return expectedType(node, value)
}

function expectedType(node: SchemaNode, value: unknown): string {
  switch (node.type ?? '') {
    case 'integer':
      return `a whole number ${range(node, value)}`.trim()
    case 'number':
      return `a number ${range(node, value)}`.trim()
    case 'string':
      return 'a non-empty string'
    case 'boolean':
      return 'true or false'
    case 'null':
      return 'null'
    case 'array':
      return `a ${node.minItems ? 'non-empty list' : 'list'} of ${plural(expected(node.items, undefined))}`
    case 'object':
      return node.properties ? `an object with ${Object.keys(node.properties).join(', ')}` : 'an object'
    default:
      return 'a JSON value'
  }
}

/** `; did you mean X?` if one of `known` is near enough to be meant, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near === undefined ? '' : `; did you mean ${near}?`
}

/** Which of `known` is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const near = closest(
    plain(word),
    known.map((each) => plain(each)),
  )
  if (distance(plain(word), near) > Math.max(1, Math.floor(near.length / 3))) return undefined
  return known.find((each) => plain(each) === near)
}

const plain = (text: string) => text.toLowerCase().replaceAll(/[-_]/g, '')

function range({ minimum, maximum, exclusiveMinimum }: SchemaNode, value: unknown): string {
  // The largest number that is exact is worth a word only to somebody who passed it.
  const limited = maximum !== undefined && (maximum < Number.MAX_SAFE_INTEGER || (typeof value === 'number' && value > maximum))
  if (exclusiveMinimum !== undefined) return limited ? `> ${exclusiveMinimum} and ≤ ${maximum}` : `> ${exclusiveMinimum}`
  if (minimum === undefined || minimum === Number.MIN_SAFE_INTEGER) return limited ? `≤ ${maximum}` : ''
  return limited ? `from ${minimum} to ${maximum}` : `≥ ${minimum}`
}

const plural = (words: string) => words.replace(/^an? (whole number|number|non-empty string)/, '$1s')

function shortJson(value: object): string | undefined {
  try {
    const json = JSON.stringify(value)
    return json !== undefined && json.length <= LONGEST_QUOTE ? json : undefined
  } catch {
    return undefined
  }
}
