import { MemoryLimitError, ResultShapeError, SkillInterruptedError, SkillLoadError, TroupeError, UnstorableResultError } from '../errors.ts'
import { errorChain, fieldOf, textField, wholeMessageOf } from './errorChain.ts'
import { retryAfterMs } from './retryAfter.ts'

/** An error on its way between two processes: the error and its causes, outermost first. */
export type WireError = WireLink[]

interface WireLink {
  name: string
  message: string
  stack: string
  /** Of what an error may carry, that which decides its class and when to try again. */
  fields: Record<string, string | number>
  /** It is one of our errors, by its code. */
  ours?: string
  /** What was thrown was no object: what it was, and as text. */
  primitive?: { type: string; text: string }
}

const FIELDS = ['class', 'code', 'status', 'statusCode', 'commandExit', 'signal', 'stderr', 'limitMb', 'residentMb', 'heapMb']
const MAX_TEXT = 8_192

export function packError(error: unknown): WireError {
  return errorChain(error).map((link) => {
    const fields: WireLink['fields'] = {}
    copy(fields, 'status', fieldOf(fieldOf(link, 'response'), 'status'))
    for (const name of FIELDS) copy(fields, name, fieldOf(link, name))
    copy(fields, 'retryAfterMs', retryAfterMs(link, Date.now()))
    if (link instanceof TroupeError) copy(fields, 'hint', link.hint)
    if (link === null || (typeof link !== 'object' && typeof link !== 'function')) {
      return {
        name: 'Error',
        message: '',
        stack: '',
        fields,
        primitive: { type: link === null ? 'null' : typeof link, text: cut(String(link)) },
      }
    }
    return {
      name: cut(textField(link, 'name')) || 'Error',
      // What an object without one holds does not cross.
      message: cut(wholeMessageOf(link)),
      stack: cut(textField(link, 'stack')),
      fields,
      ...(OURS.some((ours) => link instanceof ours) && { ours: textField(link, 'code') }),
    }
  })
}

/** The error that was packed, as far as it can be told again: its class is `Error`, unless it is one of ours. */
export function unpackError(packed: WireError): unknown {
  const [link, ...causes] = packed
  if (link === undefined) return undefined
  if (link.primitive !== undefined) return primitiveOf(link.primitive)
  const options = causes.length > 0 ? { cause: unpackError(causes) } : undefined
  const { name, stack } = link
  const error = errorOf(link, options)
  Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true })
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
  for (const [field, value] of Object.entries(link.fields)) if (!(field in error)) Object.assign(error, { [field]: value })
  return error
}

function primitiveOf({ type, text }: { type: string; text: string }): unknown {
  switch (type) {
    case 'undefined':
      return undefined
    case 'null':
      return null
    case 'number':
      return Number(text)
    case 'boolean':
      return text === 'true'
    case 'bigint':
      return /^-?\d+$/.test(text) ? BigInt(text) : text
    case 'symbol':
      return Symbol(text.replace(/^Symbol\((.*)\)$/s, '$1'))
    default:
      return text
  }
}

/** A skill may have errors of the same names and codes, which must not be taken for these: they end scenarios, or count for nothing. */
const OURS = [ResultShapeError, UnstorableResultError, SkillLoadError, MemoryLimitError, SkillInterruptedError]

function errorOf({ ours, message, fields }: WireLink, options: ErrorOptions | undefined): Error {
  switch (ours) {
    case 'RESULT_SHAPE':
      return new ResultShapeError(message, options)
    case 'UNSTORABLE_RESULT':
      return new UnstorableResultError(message, options)
    case 'SKILL_LOAD':
      return new SkillLoadError(message, { ...options, ...(typeof fields.hint === 'string' && { hint: fields.hint }) })
    case 'SKILL_INTERRUPTED':
      return new SkillInterruptedError(message, options)
    case 'MEMORY_LIMIT':
      return new MemoryLimitError(numberOf(fields.limitMb), numberOf(fields.residentMb), numberOf(fields.heapMb))
    default:
      return new Error(message, options)
  }
}

const numberOf = (field: string | number | undefined) => (typeof field === 'number' ? field : null)

const cut = (text: string) => text.slice(0, MAX_TEXT)

function copy(fields: WireLink['fields'], name: string, value: unknown) {
  if (typeof value === 'string') fields[name] = cut(value)
  else if (typeof value === 'number') fields[name] = value
}
