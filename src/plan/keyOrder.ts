import type { Problem } from './problem.ts'

/** A key that objects take for something else than a key of their own. */
export const LOST_KEY = '__proto__'

const ORDERED: readonly string[] = ['scenarios', 'variants']
/** Keys that JavaScript moves to the front of every object, in the order of their numbers. */
const WHOLE_NUMBER = /^(0|[1-9]\d*)$/

/**
 * Names whose order means something and is not kept: JavaScript puts keys that are whole numbers before all others.
 * @param keysAt Those of a file, as written; left out for objects of a program, whose order as written nobody knows any more.
 * @param keys Of the plan, those that hold such names.
 */
export function disordered(
  plan: unknown,
  keysAt?: (key: string) => readonly string[] | undefined,
  keys: readonly string[] = ORDERED,
): Problem[] {
  return keys.flatMap((key) => {
    const names = keysOf(plan, key)
    const number = names.find((name) => WHOLE_NUMBER.test(name))
    if (number === undefined || names.length < 2) return []
    const written = keysAt?.(key)
    if (written !== undefined && names.every((name, at) => written[at] === name)) return []
    const message = `their order cannot be kept, because names that are whole numbers go first; begin each with a letter: n${number} instead of ${number}`
    return [{ path: [key], message }]
  })
}

/** Whether `disordered` has to be told how the keys are written. */
export const hasNumberedNames = (plan: unknown) => disordered(plan).length > 0

function keysOf(plan: unknown, key: string): string[] {
  const value: unknown = typeof plan === 'object' && plan !== null ? Reflect.get(plan, key) : undefined
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
}
