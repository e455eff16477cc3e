import { CsvError, parse, type Parser } from 'csv-parse'
import { InputError } from '../errors.ts'
import { LONGEST_ITEM, lineAt, readText } from './text.ts'

export interface CsvRow {
  /** 0 is the header. */
  index: number
  fields: string[]
  /** Where it begins, for `lineAt`. */
  offset: number
}

/**
 * The rows of a CSV file, ragged ones too; empty lines are no rows.
 * Every row before a broken one comes out first, wherever the file happens to be cut into pieces.
 * @throws {InputError} if a quoted field is broken: with the line on which it begins.
 */
export async function* readRows(file: string, delimiter = ',', onBytes?: (count: number) => void): AsyncGenerator<CsvRow> {
  let ready: CsvRow[] = []
  let index = 0
  let offset = 0
  const parser = parse({
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_ITEM,
    on_record: (fields: string[], { bytes }) => {
      ready.push({ index: index++, fields, offset })
      offset = bytes
      return null
    },
  })
  // Every error reaches the callback of `write` or `end` as well; without a listener it would end the process.
  parser.on('error', () => {})
  try {
    for await (const text of readText(file, onBytes)) {
      const error = await fed(parser, text)
      yield* ready
      ready = []
      if (error) throw await broken(file, error)
    }
    const error = await fed(parser, null)
    yield* ready
    if (error) throw await broken(file, error)
  } finally {
    parser.destroy()
  }
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

async function broken(file: string, error: Error): Promise<Error> {
  if (!(error instanceof CsvError)) return error
  // Its own count of lines takes \r\n inside quotes for two; its byte positions are right.
  const line = await lineAt(file, Number(error['bytes']))
  const hint = 'Put a field that holds commas, quotes or line breaks in double quotes, and double each quote inside it'
  return new InputError(`${file}:${line}: ${BROKEN[error.code] ?? error.message}`, hint, { cause: error })
}
