import { InputError } from '../errors.ts'
import { InexactNumberError, parseExact } from '../plan/exactJson.ts'
import type { ItemSource } from './contract.ts'
import { LONGEST_ITEM, readText } from './text.ts'

/**
 * A file of one JSON value a line, of any kind. Lines that are blank are no items.
 * @throws {InputError} if the file cannot be read or is empty.
 */
export async function jsonlSource(file: string): Promise<ItemSource> {
  await requireText(file)
  return {
    name: file,
    async *stream(from, onBytes) {
      let number = 0
      let index = 0
      for await (const line of lines(file, onBytes)) {
        number++
        if (line.trim() === '') continue
        if (index++ >= from) yield parse(line, file, number)
      }
    },
  }
}

async function requireText(file: string): Promise<void> {
  for await (const text of readText(file)) if (text !== '') return
  throw new InputError(`The input file ${file} is empty`, 'Put one JSON value on each line')
}

function parse(line: string, file: string, number: number): unknown {
  try {
    return parseExact(line)
  } catch (cause) {
    if (cause instanceof InexactNumberError)
      throw new InputError(`${file}:${number}: ${cause.message}`, 'Write it as text, in double quotes', { cause })
    // The parser sees one line alone, so its own line number is always 1 and would contradict ours.
    const why = String(cause)
      .replace(/^SyntaxError: /, '')
      .replace(/ at position \d+ \(line 1 (column \d+)\)$/, ' at $1')
    throw new InputError(`${file}:${number}: not JSON: ${why}`, 'Write each item as one JSON value on a line of its own', { cause })
  }
}

/** Broken at line feeds alone: `readline` also breaks at U+2028 and U+2029, which JSON allows inside strings. */
async function* lines(file: string, onBytes?: (count: number) => void): AsyncGenerator<string> {
  let begun = ''
  let number = 1
  for await (const text of readText(file, onBytes)) {
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      yield begun + text.slice(start, end)
      begun = ''
      number++
      start = end + 1
    }
    begun += text.slice(start)
    if (begun.length > LONGEST_ITEM) {
      throw new InputError(
        `${file}:${number}: a line of more than ${LONGEST_ITEM / 2 ** 20} Mi characters`,
        'Put each item on a line of its own',
      )
    }
  }
  if (begun !== '') yield begun
}
