import type { ErrorClass } from '../plan.ts'
import { errorChain, fieldOf, textField, wholeMessageOf } from './errorChain.ts'
import { framesOf } from './frames.ts'
import { retryAfterMs } from './retryAfter.ts'

export type { ErrorClass }

/** Trying again makes no sense: the input or the request is wrong. */
export class CriticalError extends Error {
  override readonly name = 'CriticalError'
  readonly class = 'critical'
}

/** Something went wrong with this batch, and others may well succeed. */
export class RecoverableError extends Error {
  override readonly name = 'RecoverableError'
  readonly class = 'recoverable'
}

/** It may succeed when it is tried again, after `retryAfterMs` at the earliest. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
  readonly class = 'transient'
  readonly retryAfterMs: number | undefined

  constructor(message?: string, options?: ErrorOptions & { retryAfterMs?: number }) {
    super(message, options)
    this.retryAfterMs = options?.retryAfterMs
  }
}

/**
 * Stands for an item that failed, in its place among the results: the others are kept, and only this one is called again where its class says so.
 * Without `class` its `cause` decides, as for any other error.
 */
export class ItemError extends Error {
  override readonly name = 'ItemError'
  readonly class: ErrorClass | undefined
  readonly retryAfterMs: number | undefined

  constructor(message?: string, options?: ErrorOptions & { class?: ErrorClass; retryAfterMs?: number }) {
    super(message, options)
    this.class = options?.class
    this.retryAfterMs = options?.retryAfterMs
  }
}

/** An error as it is stored and shown: flat JSON that PostgreSQL can hold. */
export interface StoredError {
  /** Epoch ms. */
  at: number
  message: string
  name: string
  class: ErrorClass
  attempt: number
  code?: string
  /** Of HTTP. */
  status?: number
  /** The chain of `cause`, nearest first, at most four. */
  causes?: { name: string; message: string }[]
  /** Its stack in the user's files, nearest first, at most five, relative to the plan. */
  frames?: string[]
  /** What the other side asked for, ms from `at`. */
  retryAfterMs?: number
}

const MAX_MESSAGE = 2_000

/** @param given `class` where something else decided it; otherwise `classify` does. `directory`: of the plan; without it no frames are kept. */
export function describeError(error: unknown, given: { at: number; attempt: number; class?: ErrorClass; directory?: string }): StoredError {
  const [first, ...causes] = errorChain(error).map((link) => ({ name: nameOf(link), message: messageOf(link) }))
  const code = fieldOf(error, 'code')
  const status = statusOf(error)
  const waitMs = retryAfterMs(error, given.at)
  const frames = given.directory === undefined ? [] : framesOf(error, given.directory)
  return {
    at: given.at,
    message: first!.message,
    name: first!.name,
    class: given.class ?? classify(error),
    attempt: given.attempt,
    ...(typeof code === 'string' && { code: storableText(code) }),
    ...(status !== undefined && { status }),
    ...(causes.length > 0 && { causes }),
    ...(frames.length > 0 && { frames }),
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  }
}

/**
 * What class an error is of. The first of its `cause` chain that says something decides: its own `class`; time-outs and lost connections are
 * transient; HTTP 408, 425, 429 and 5xx too; other HTTP 4xx, redirects and failed validation are critical. An abort is ignored, the rest recoverable.
 */
export function classify(error: unknown): ErrorClass {
  // Only at the top: an abort deep in a chain is the means of somebody's time-out, not ours.
  if (ownClass(error) === undefined && fieldOf(error, 'name') === 'AbortError') return 'ignored'
  for (const link of errorChain(error)) {
    const found = ownClass(link) ?? classOf(link)
    if (found) return found
  }
  return 'recoverable'
}

const CLASSES: ReadonlySet<unknown> = new Set<ErrorClass>(['critical', 'recoverable', 'transient', 'ignored'])

function ownClass(error: unknown): ErrorClass | undefined {
  const own = fieldOf(error, 'class')
  return isErrorClass(own) ? own : undefined
}

export const isErrorClass = (value: unknown): value is ErrorClass => CLASSES.has(value)

const LOST_CONNECTION =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ENOTFOUND|EAI_AGAIN|ENETUNREACH|ENETDOWN|EHOSTUNREACH|EHOSTDOWN|UND_ERR_SOCKET|CONNECTION_(CLOSED|ENDED|DESTROYED))$/
const TIMED_OUT = /^(E(SOCKET)?TIMEDOUT|CONNECT_TIMEOUT|UND_ERR_[A-Z_]*TIMEOUT)$/

function classOf(error: unknown): ErrorClass | undefined {
  const name = textField(error, 'name')
  const code = fieldOf(error, 'code')
  if (name === 'TimeoutError' || (typeof code === 'string' && (TIMED_OUT.test(code) || LOST_CONNECTION.test(code)))) return 'transient'
  const status = statusOf(error)
  if (status === 408 || status === 425 || status === 429 || (status !== undefined && status >= 500)) return 'transient'
  if (status !== undefined || name === 'ZodError' || name.endsWith('ValidationError')) return 'critical'
  return undefined
}

function statusOf(error: unknown): number | undefined {
  for (const status of [fieldOf(error, 'status'), fieldOf(error, 'statusCode'), fieldOf(fieldOf(error, 'response'), 'status')]) {
    if (typeof status === 'number' && status >= 300 && status <= 599) return status
  }
  return undefined
}

const nameOf = (error: unknown) => {
  if (isObject(error)) return storableText(textField(error, 'name') || 'Error')
  return error === undefined || error === null ? 'a thrown value' : `a thrown ${typeof error}`
}

/** Never empty: an error without a message is told by its code or what it holds. */
export const messageOf = (error: unknown): string => storableText(wholeMessageOf(error))

const isObject = (value: unknown) => (typeof value === 'object' && value !== null) || typeof value === 'function'

/** jsonb holds neither U+0000 nor lone surrogates; a cut may leave one. */
const storableText = (text: string) => text.slice(0, MAX_MESSAGE).replaceAll('\u0000', '\ufffd').toWellFormed()
