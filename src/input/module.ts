import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { closest } from 'fastest-levenshtein'
import { InputError } from '../errors.ts'
import { loadHint, loadPlace, messageWithPlace } from '../loadPlace.ts'
import type { ItemSource } from './contract.ts'
import { whatIsNoJson } from './json.ts'

type Items = Iterable<unknown> | AsyncIterable<unknown>

/**
 * The items that a module exports: an array, an iterable or async iterable that can be iterated again, or a function that returns
 * one (or a promise of one) and is called for each stream. Items are handed out as copies, so that no skill can change the next
 * reader's.
 *
 * @throws {InputError} if the module cannot be loaded, lacks the export, or exports something else.
 */
export async function moduleSource(module: string, exportName: string): Promise<ItemSource> {
  const name = exportName === 'default' ? module : `"${exportName}" of ${module}`
  const open = opener(name, await load(module, exportName))
  return {
    name,
    async *stream(from) {
      const items = await open()
      let index = 0
      if (Array.isArray(items)) {
        for (index = from; index < items.length; index++) yield copy(name, index, items[index])
        return
      }
      try {
        for await (const item of items) {
          if (index >= from) yield copy(name, index, item)
          index++
        }
      } catch (cause) {
        if (cause instanceof InputError) throw cause
        throw failed(`${name} failed at item ${index}`, cause)
      }
    },
  }
}

function opener(name: string, exported: unknown): () => Items | Promise<Items> {
  if (isFunction(exported)) return () => called(name, exported)
  requireRepeatable(name, exported)
  return () => exported
}

async function load(module: string, exportName: string): Promise<unknown> {
  const namespace = await importModule(module)
  if (Object.hasOwn(namespace, exportName)) return namespace[exportName]
  const names = Object.keys(namespace)
  const nearest = names.length === 0 ? 'it exports nothing' : `did you mean "${closest(exportName, names)}"?`
  throw new InputError(
    `${module} has no export "${exportName}"; ${nearest}`,
    names.length === 0
      ? 'Export an array of items, or a function that returns them'
      : `Set "export" of the input to one of: ${names.join(', ')}`,
  )
}

async function importModule(module: string): Promise<Record<string, unknown>> {
  try {
    const namespace: Record<string, unknown> = await import(pathToFileURL(module).href)
    return namespace
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    const said = messageWithPlace(text, await loadPlace(cause, module))
    throw new InputError(
      `The input module ${module} cannot be loaded: ${said}`,
      loadHint(cause, 'Correct the module; the cause has its stack'),
      {
        cause,
      },
    )
  }
}

async function called(name: string, make: () => unknown): Promise<Items> {
  let items: unknown
  try {
    items = await make()
  } catch (cause) {
    throw failed(`${name} failed`, cause)
  }
  if (!isIterable(items)) throw notItems(`${name} returned ${described(items)}`)
  return items
}

function requireRepeatable(name: string, exported: unknown): asserts exported is Items {
  if (!isIterable(exported)) throw notItems(`${name} is ${described(exported)}`)
  if (isOneShot(exported)) {
    throw new InputError(
      `${name} can be iterated only once, but its items are read several times`,
      'Export the function that makes it (each reader calls it anew), or an array',
    )
  }
}

const isFunction = (value: unknown): value is () => unknown => typeof value === 'function'

function isIterable(value: unknown): value is Items {
  return typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
}

/** Generators and other iterators hand out themselves; streams hand out a new iterator over what is left. */
function isOneShot(items: Items): boolean {
  if (items instanceof Readable || items instanceof ReadableStream) return true
  const iterator: unknown = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  return iterator === items
}

function copy(name: string, index: number, item: unknown): unknown {
  const problem = whatIsNoJson(item)
  if (problem === null) return JSON.parse(JSON.stringify(item))
  throw new InputError(
    `Item ${index} of ${name} is not JSON: ${problem}`,
    'Items are sent to other processes: make them of strings, finite numbers, booleans, null, arrays and plain objects',
  )
}

const notItems = (message: string) =>
  new InputError(
    `${message}, which holds no items`,
    'Export an array, an iterable or async iterable, or a function that returns one of these',
  )

const failed = (message: string, cause: unknown) =>
  new InputError(`${message}: ${cause instanceof Error ? cause.message : String(cause)}`, 'Correct the module; the cause has its stack', {
    cause,
  })

function described(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
