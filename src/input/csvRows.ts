import { CsvError, parse, type Parser } from 'csv-parse'
import { InputError } from '../errors.ts'
import { RowSkipper } from './rowSkipper.ts'
import { LONGEST_ITEM, lineAt, readText } from './text.ts'

export interface CsvRow {
  /** 0 is the header. */
  index: number
  fields: string[]
  /** Where it begins, for `lineAt`. */
  offset: number
}

interface Reading {
  /** Index of the first row to come out. Those before it are passed over without being parsed. */
  from?: number
  onBytes?: ((count: number) => void) | undefined
}

/**
 * The rows of a CSV file, ragged ones too; empty lines are no rows.
 * Every row before a broken one comes out first, wherever the file happens to be cut into pieces.
 * @throws {InputError} if a quoted field is broken: with the line on which it begins.
 */
export async function* readRows(file: string, delimiter = ',', { from = 0, onBytes }: Reading = {}): AsyncGenerator<CsvRow> {
  const skipper = new RowSkipper(from, delimiter)
  let skipped = 0
  let ready: CsvRow[] = []
  let index = from
  let offset = 0
  const parser = parse({
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_ITEM,
    on_record: (fields: string[], { bytes }) => {
      ready.push({ index: index++, fields, offset: skipped + offset })
      offset = bytes
      return null
    },
  })
  // Every error reaches the callback of `write` or `end` as well; without a listener it would end the process.
  parser.on('error', () => {})
  try {
    for await (const text of readText(file, onBytes)) {
      const rest = skipper.rest(text)
      if (rest !== text) skipped += Buffer.byteLength(text) - Buffer.byteLength(rest)
      if (skipper.isLost) break
      if (!skipper.isDone) continue
      const error = await fed(parser, rest)
      yield* ready
      ready = []
      if (error) throw await broken(file, error, skipped)
    }
    if (!skipper.isDone) return yield* parsedFrom(file, delimiter, from)
    const error = await fed(parser, null)
    yield* ready
    if (error) throw await broken(file, error, skipped)
  } finally {
    parser.destroy()
  }
}

/** Where rows cannot be told apart by their quotes alone, or end too early, the parser says why. */
async function* parsedFrom(file: string, delimiter: string, from: number): AsyncGenerator<CsvRow> {
  for await (const row of readRows(file, delimiter)) if (row.index >= from) yield row
}

function fed(parser: Parser, text: string | null): Promise<Error | null | undefined> {
  return new Promise((resolve) => {
    if (text === null) parser.end(resolve)
    else parser.write(text, resolve)
  })
}

const BROKEN: Partial<Record<CsvError['code'], string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quoted field begins here and is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'a quoted field begins here and has text after its closing quote',
  INVALID_OPENING_QUOTE: 'a field has a quote in the middle',
  CSV_MAX_RECORD_SIZE: `a record of more than ${LONGEST_ITEM / 2 ** 20} MiB begins here`,
}

/** @param skipped Bytes that the parser did not see. */
async function broken(file: string, error: Error, skipped: number): Promise<Error> {
  if (!(error instanceof CsvError)) return error
  // Its own count of lines takes \r\n inside quotes for two; its byte positions are right.
  const line = await lineAt(file, skipped + Number(error['bytes']))
  const hint = 'Put a field that holds commas, quotes or line breaks in double quotes, and double each quote inside it'
  return new InputError(`${file}:${line}: ${BROKEN[error.code] ?? error.message}`, hint, { cause: error })
}
