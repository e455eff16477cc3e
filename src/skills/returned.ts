import { ResultShapeError } from '../errors.ts'
import { didYouMean } from '../plan.ts'
import { itemFailures, withoutFailed, type ItemFailure } from './itemFailures.ts'
import type { SkillOutcome } from './skill.ts'
import { storable } from './storable.ts'

/** What came of a batch, without when and for how long. */
export type Returned = Pick<SkillOutcome, 'result' | 'processed' | 'quality' | 'usage' | 'itemFailures'>

/**
 * Checks what a skill returned, where it ran, and makes it ready to be stored.
 *
 * @throws {ResultShapeError} if it is no `SkillReturn` for this many items.
 * @throws {UnstorableResultError} if PostgreSQL could not hold its results.
 */
export function checkReturned(returned: unknown, expected: { items: number; maxBytes: number }): Returned {
  if (Array.isArray(returned)) {
    const failures = itemFailures(returned, null, expected.items)
    if (failures) return partly({ results: returned }, failures, expected)
    return { result: storable(returned, expected).text, processed: expected.items, quality: null, usage: null }
  }
  if (typeof returned !== 'object' || returned === null) {
    throw new ResultShapeError(`The skill returned ${returned === null ? 'null' : typeof returned}, not an array of results`)
  }
  const { results, processed, quality, usage, itemErrors } = returned as Record<string, unknown>
  if (results === undefined) {
    const keys = Object.keys(returned).slice(0, 10)
    throw new ResultShapeError(
      `The skill returned an object without "results"; it has ${keys.length > 0 ? keys.map((key) => JSON.stringify(key)).join(', ') : 'no keys'}`,
    )
  }
  const unknown = Object.keys(returned).find((key) => !RETURNED_KEYS.includes(key))
  if (unknown !== undefined) {
    const known = didYouMean(unknown, RETURNED_KEYS) || `; known are ${RETURNED_KEYS.join(', ')}`
    throw new ResultShapeError(`The skill returned a key ${shown(unknown)} beside "results", which means nothing${known}`)
  }
  const failures = itemFailures(results, itemErrors, expected.items)
  if (failures) return partly(returned as Record<string, unknown>, failures, expected)
  return {
    result: storable(results, expected).text,
    processed: processedOf(processed, expected.items),
    quality: qualityOf(quality),
    usage: figuresOf(usage, 'usage'),
  }
}

const RETURNED_KEYS: readonly string[] = ['results', 'quality', 'usage', 'processed', 'itemErrors']

/** What others say, who do not know of us: what we know nothing of is left out. */
export function knownOnly(returned: unknown): unknown {
  if (typeof returned !== 'object' || returned === null || !('results' in returned)) return returned
  return Object.fromEntries(Object.entries(returned).filter(([key]) => RETURNED_KEYS.includes(key)))
}

/** Of a batch of which some items failed: what is good of it. */
function partly(
  { results, processed, quality, usage }: Record<string, unknown>,
  failures: ItemFailure[],
  expected: { items: number; maxBytes: number },
): Returned {
  const good = expected.items - failures.length
  return {
    result: storable(withoutFailed(results, failures), expected).text,
    processed: Math.min(good, processedOf(processed, expected.items)),
    quality: good > 0 ? qualityOf(quality) : null,
    usage: figuresOf(usage, 'usage'),
    itemFailures: failures,
  }
}

function processedOf(processed: unknown, items: number): number {
  if (processed === undefined || processed === null) return items
  if (typeof processed === 'number' && Number.isInteger(processed) && processed >= 0 && processed <= items) return processed
  throw new ResultShapeError(`The skill returned processed: ${shown(processed)}, expected a whole number from 0 to ${items}`)
}

function qualityOf(quality: unknown): Record<string, number> | null {
  if (typeof quality !== 'number') return figuresOf(quality, 'quality')
  if (quality >= 0 && quality <= 1) return { accuracy: quality }
  throw new ResultShapeError(`The skill returned quality: ${quality}, expected a number from 0 to 1, or { metric: number }`)
}

function figuresOf(figures: unknown, key: 'quality' | 'usage'): Record<string, number> | null {
  if (figures === undefined || figures === null) return null
  if (typeof figures !== 'object' || Array.isArray(figures)) {
    throw new ResultShapeError(`The skill returned ${key}: ${shown(figures)}, expected { name: number }`)
  }
  const checked: Record<string, number> = {}
  for (const [name, value] of Object.entries(figures)) {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new ResultShapeError(`The skill returned ${key}.${name.slice(0, LONGEST_SHOWN)}: ${shown(value)}, expected a finite number`)
    }
    if (!name.isWellFormed() || name.includes('\u0000')) {
      throw new ResultShapeError(`The skill returned ${key} under a name that PostgreSQL cannot store`)
    }
    checked[name] = value
  }
  return checked
}

const LONGEST_SHOWN = 60

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, LONGEST_SHOWN))
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
