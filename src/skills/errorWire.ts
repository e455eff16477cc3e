import { ResultShapeError, SkillLoadError, UnstorableResultError } from '../errors.ts'
import { errorChain, fieldOf, textField } from './errorChain.ts'
import { retryAfterMs } from './retryAfter.ts'

/** An error on its way between two processes: the error and its causes, outermost first. */
export type WireError = WireLink[]

interface WireLink {
  name: string
  message: string
  stack: string
  /** Of what an error may carry, that which decides its class and when to try again. */
  fields: Record<string, string | number>
  /** What was thrown was no object. */
  primitive?: string
}

const FIELDS = ['class', 'code', 'status', 'statusCode']
const MAX_TEXT = 8_000

export function packError(error: unknown): WireError {
  return errorChain(error).map((link) => {
    const fields: WireLink['fields'] = {}
    copy(fields, 'status', fieldOf(fieldOf(link, 'response'), 'status'))
    for (const name of FIELDS) copy(fields, name, fieldOf(link, name))
    copy(fields, 'retryAfterMs', retryAfterMs(link, Date.now()))
    if (link === null || (typeof link !== 'object' && typeof link !== 'function')) {
      return { name: 'Error', message: '', stack: '', fields, primitive: cut(String(link)) }
    }
    return {
      name: cut(textField(link, 'name')) || 'Error',
      message: cut(textField(link, 'message')),
      stack: cut(textField(link, 'stack')),
      fields,
    }
  })
}

/** The error that was packed, as far as it can be told again: its class is `Error`, unless it is one of ours. */
export function unpackError(packed: WireError): unknown {
  const [link, ...causes] = packed
  if (link === undefined) return undefined
  if (link.primitive !== undefined) return link.primitive
  const options = causes.length > 0 ? { cause: unpackError(causes) } : undefined
  const { name, stack } = link
  const error = new (OURS.get(link.fields.code) ?? Error)(link.message, options)
  Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true })
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
  for (const [field, value] of Object.entries(link.fields)) if (!(field in error)) Object.assign(error, { [field]: value })
  return error
}

/** Ours are told by their codes: a skill may have error classes of the same names. */
const OURS = new Map<unknown, new (message: string, options?: ErrorOptions) => Error>([
  ['RESULT_SHAPE', ResultShapeError],
  ['UNSTORABLE_RESULT', UnstorableResultError],
  ['SKILL_LOAD', SkillLoadError],
])

const cut = (text: string) => text.slice(0, MAX_TEXT)

function copy(fields: WireLink['fields'], name: string, value: unknown) {
  if (typeof value === 'string') fields[name] = cut(value)
  else if (typeof value === 'number') fields[name] = value
}
