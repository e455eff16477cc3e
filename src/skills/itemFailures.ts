import { ResultShapeError } from '../errors.ts'
import { toldError } from './toldError.ts'

/** An item that failed while others did not: its place in the batch, and its error. */
export type ItemFailure = readonly [index: number, error: unknown]

/**
 * The items that failed alone: where an error stands in the place of a result (an `ItemError` or any other, or `{ itemError: { message, class } }` and
 * nothing else), or `itemErrors` has one.
 *
 * @param itemErrors A list with holes, or an object by place in the batch; each `{ error: { message, class } }`, or the error itself.
 * @returns them in order; `undefined`: there are none.
 * @throws {ResultShapeError} if `itemErrors` is neither, or names an item that the batch has not.
 */
export function itemFailures(results: unknown, itemErrors: unknown, items: number): ItemFailure[] | undefined {
  const found = Array.isArray(results) ? errorsAmong(results) : undefined
  if (itemErrors === undefined || itemErrors === null) return found
  if (typeof itemErrors !== 'object') {
    throw new ResultShapeError(`The skill returned itemErrors: ${typeof itemErrors}, expected an array or an object, by place of the item`)
  }
  const all = new Map(found)
  for (const [key, told] of Object.entries(itemErrors)) {
    if (told === null || told === undefined) continue
    const index = Number(key)
    if (!Number.isInteger(index) || index < 0 || index >= items) {
      throw new ResultShapeError(
        `The skill returned itemErrors for item ${JSON.stringify(key.slice(0, 20))}, expected a place from 0 to ${items - 1}`,
      )
    }
    all.set(index, toldError(errorIn(told)))
  }
  return all.size > 0 ? [...all].sort(([a], [b]) => a - b) : undefined
}

/** The results without what stands in the places of failed items. */
export function withoutFailed(results: unknown, failures: readonly ItemFailure[]): unknown {
  if (!Array.isArray(results)) return results
  const good = [...results]
  for (const [index] of failures) if (index < good.length) good[index] = null
  return good
}

function errorsAmong(results: readonly unknown[]): ItemFailure[] | undefined {
  let found: ItemFailure[] | undefined
  for (let i = 0; i < results.length; i++) {
    const result = results[i]
    if (typeof result !== 'object' || result === null) continue
    if (result instanceof Error) (found ??= []).push([i, result])
    else if ('itemError' in result && isToldAlone(result)) (found ??= []).push([i, toldError(result.itemError)])
  }
  return found
}

/** Good results may have a key of this name, beside others. */
function isToldAlone(result: { itemError: unknown }): boolean {
  const { itemError } = result
  return Object.keys(result).length === 1 && typeof (itemError as { message?: unknown } | null)?.message === 'string'
}

const errorIn = (told: unknown): unknown =>
  typeof told === 'object' && told !== null && 'error' in told && !(told instanceof Error) ? told.error : told
