import { CommandInputError, ResultShapeError } from '../errors.ts'
import type { CommandFormat } from '../plan.ts'
import { InexactNumberError, parseExact } from '../plan/exactJson.ts'
import { messageOf } from './errorClass.ts'

/**
 * The items of a batch as a command gets them on its standard input.
 *
 * @throws {CommandInputError} if an item cannot be written so: it is no JSON or, with `text`, has a line break.
 */
export function writeItems(format: CommandFormat, items: readonly unknown[]): string {
  if (format === 'json') return `${asJson(items, 'The items')}\n`
  return items.map((item, i) => `${format === 'text' ? lineOf(item, i) : asJson(item, `Item ${i} of the batch`)}\n`).join('')
}

function lineOf(item: unknown, i: number): string {
  if (typeof item !== 'string') return asJson(item, `Item ${i} of the batch`)
  if (!/[\r\n]/.test(item)) return item
  throw new CommandInputError(`Item ${i} of the batch has a line break, which with stdin: text would make two items of it`)
}

/** @throws {CommandInputError} */
export function asJson(value: unknown, name: string): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch (cause) {
    throw new CommandInputError(`${name} cannot be written as JSON: ${messageOf(cause)}`, { cause })
  }
}

/**
 * What a command wrote to its standard output, as a skill would have returned it. Its shape is for others to check.
 *
 * @throws {ResultShapeError} if it is not written so, or no UTF-8.
 */
export function readResults(format: CommandFormat, output: Uint8Array): unknown {
  const text = decode(output)
  if (format === 'json') return parse(text, 'The output of the command')
  const lines = text.split(/\r?\n/)
  // What follows the last line break is no line, unless there is something.
  if (lines.at(-1) === '') lines.pop()
  if (format === 'text') return lines
  return lines.flatMap((line, i) => (line.trim() === '' ? [] : [parse(line, `Line ${i + 1} of the command's output`)]))
}

/** @throws {ResultShapeError} */
export function parse(text: string, name: string): unknown {
  try {
    return parseExact(text)
  } catch (cause) {
    if (cause instanceof InexactNumberError) throw new ResultShapeError(`${name}: ${cause.message}; let it be written as a text`, { cause })
    const shown = text.trim() === '' ? 'there is nothing' : JSON.stringify(text.slice(0, 80))
    throw new ResultShapeError(`${name} is no JSON: ${shown}`, { cause })
  }
}

/** @throws {ResultShapeError} */
export function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ResultShapeError('The command wrote something to its standard output that is no UTF-8', { cause })
  }
}

const SHOWN = 200

/** What is wrong with how many results a command gave, with what it wrote. All else of their shape is for others to check. */
export function countProblem(returned: unknown, items: number, output: string): ResultShapeError | undefined {
  const results: unknown = Array.isArray(returned) ? returned : (returned as { results?: unknown } | null)?.results
  if (Array.isArray(results) && results.length === items) return undefined
  const found = Array.isArray(results) ? `${results.length} ${results.length === 1 ? 'result' : 'results'}` : 'no array of results'
  const wrote =
    output.trim() === '' ? 'it wrote nothing to its standard output' : `its output begins with ${JSON.stringify(output.slice(0, SHOWN))}`
  return new ResultShapeError(`The command returned ${found} for ${items} ${items === 1 ? 'item' : 'items'}: ${wrote}`)
}
