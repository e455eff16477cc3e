import { z } from 'zod'
import { UsageError } from '../errors.ts'
import { nearest } from '../plan.ts'

const flag = z.boolean('expected true or false').optional()
const any = z.unknown().optional()
const overrides = z.strictObject({ sync: any, order: any, only: any, size: any, ladder: any, limit: any }).optional()

/** What calls of the library take. What a value may be is checked where it is used, unless it would be used without a word. */
const SHAPES = {
  openTroupe: z.strictObject({
    ...{ database: z.string('expected a URL, "embedded" or "memory"').optional(), directory: z.string('expected a path').optional() },
    ...{ retryForMs: z.number('expected a number of ms').min(0, 'expected a number of ms').optional() },
    ...{ onWait: any, signal: any, clock: any, logger: any, inspect: any },
  }),
  start: z.strictObject({ id: any, forceNew: flag, retryFailed: flag, bail: flag, overrides, directory: any }),
  resume: z.strictObject({ plan: any, retryFailed: flag, bail: flag }),
  fork: z.strictObject({ at: any, id: any }),
  results: z.strictObject({ variant: any, scenario: any }),
  prune: z.strictObject({ olderThanMs: z.number('expected a number of ms, at least 0').min(0, 'expected a number of ms, at least 0') }),
}

/** Refuses what would do nothing, or something else than was meant: JavaScript checks no names. @throws {UsageError} */
export function checkOptions(call: keyof typeof SHAPES, given: unknown): void {
  const shape = SHAPES[call]
  const result = shape.safeParse(given)
  if (result.success) return
  const [issue] = result.error.issues
  const { path, message } = issue!
  const inner = path[0] === 'overrides' && call === 'start' ? overrides.unwrap() : shape
  const known = Object.keys(inner.shape)
  const hint = `${[call, ...path.slice(0, 1)].join(' ')} takes ${known.join(', ')}`
  if (issue!.code !== 'unrecognized_keys') {
    throw new UsageError(
      `${[call, ...path].join(': ')}: ${path.length === 0 ? 'expected an object of options' : message}`,
      `${call} takes ${Object.keys(shape.shape).join(', ')}`,
    )
  }
  const name = issue.keys[0]!
  const near = nearest(name, known)
  throw new UsageError(`${[call, ...path].join(': ')} has no option "${name}"${near === undefined ? '' : `; did you mean ${near}?`}`, hint)
}
