import { inspect } from 'node:util'

const MAX_DEPTH = 5

/** The error and its causes, at most five. What an `AggregateError` without a cause holds first stands for its cause. */
export function errorChain(error: unknown): [unknown, ...unknown[]] {
  const chain: [unknown, ...unknown[]] = [error]
  while (chain.length < MAX_DEPTH) {
    const last = chain.at(-1)
    const several = fieldOf(last, 'errors')
    const cause = fieldOf(last, 'cause') ?? (Array.isArray(several) ? several[0] : undefined)
    if (cause === undefined || cause === null || chain.includes(cause)) break
    chain.push(cause)
  }
  return chain
}

/** Anything may have been thrown, even something whose getters throw. */
export function fieldOf(value: unknown, name: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[name]
  } catch {
    return undefined
  }
}

/** The field where it is a string, else ''. */
export function textField(value: unknown, name: string): string {
  const field = fieldOf(value, name)
  return typeof field === 'string' ? field : ''
}

/** What an error says, or else its code, or else what it holds: never empty. */
export function wholeMessageOf(error: unknown): string {
  if ((typeof error !== 'object' || error === null) && typeof error !== 'function') return String(error)
  return textField(error, 'message') || textField(error, 'code') || held(error)
}

function held(error: object): string {
  try {
    const json: string | undefined = JSON.stringify(error)
    return json === '{}' ? 'no message' : (json ?? inspect(error))
  } catch {
    return inspected(error)
  }
}

/** Of what is no JSON: it holds itself, or a BigInt. */
function inspected(error: object): string {
  try {
    return inspect(error, { breakLength: Infinity })
  } catch {
    return 'no message'
  }
}
