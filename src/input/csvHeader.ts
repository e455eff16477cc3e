import { InputError } from '../errors.ts'
import { type CsvRow, readRows } from './csvRows.ts'
import { lineAt, readText } from './text.ts'

/** What else separates cells in files that are called CSV, and how a plan writes it. */
const SUSPECTS = [
  [';', '";"', 'a semicolon'],
  ['\t', '"\\t"', 'a tab'],
  ['|', '"|"', 'a vertical bar'],
] as const

/** What a CSV file begins with that is none: its first character, or so. */
const OTHERS = [
  [/^\s*(\[\s*[[{"\d]|\{\s*")/, 'JSON', 'Name it .jsonl, with one JSON value on each line'],
  [/^\s*<(!doctype|html|\?xml)/i, 'HTML or XML', 'Save the table as CSV; a page that asks to sign in is often saved in its place'],
] as const

export interface CsvHeader {
  /** Without unnamed columns at the end, which are left out where no row fills them. */
  names: string[]
  /** How many columns the first row has, those included. */
  width: number
  line: number
}

/**
 * The names of the columns: of the first row.
 * @throws {InputError} if the file is empty or of another shape, or two columns have one name.
 */
export async function readHeader(file: string, delimiter: string): Promise<CsvHeader> {
  await refuseOthers(file)
  for await (const row of readRows(file, delimiter)) {
    checkShape(file, row.fields, delimiter)
    const names = row.fields.slice(0, row.fields.findLastIndex((name) => name !== '') + 1)
    const line = await lineAt(file, row.offset)
    if (names.includes('')) {
      const place = names.indexOf('') + 1
      throw new InputError(`${file}:${line}: column ${place} has no name`, 'Give each column a name in the first row, or remove it')
    }
    const twice = names.find((name, at) => names.indexOf(name) !== at)
    if (twice === undefined) return { names, width: row.fields.length, line }
    throw new InputError(`${file}:${line}: two columns are named "${twice}"`, 'Give each column a name of its own')
  }
  throw new InputError(`The input file ${file} is empty`, 'Begin it with a row that names the columns')
}

/** Before anything is read as CSV: what that makes of them misleads. */
async function refuseOthers(file: string): Promise<void> {
  for await (const text of readText(file)) {
    const other = OTHERS.find(([begin]) => begin.test(text))
    if (other) throw new InputError(`${file} is no CSV: it begins like ${other[1]}`, other[2])
    return
  }
}

function checkShape(file: string, fields: readonly string[], delimiter: string): void {
  const first = fields.join(delimiter)
  if (fields.every((field) => field === '')) {
    throw new InputError(`The first row of ${file} names no columns`, 'Begin the file with a row that names the columns')
  }
  const seen = suspectIn(fields, delimiter)
  if (seen === undefined) return
  const [, written, name] = seen
  throw new InputError(
    `The first row of ${file} is separated by ${name}, and read with ${JSON.stringify(delimiter)} it has one column, ${JSON.stringify(first)}`,
    `Write in the plan: input: { file: …, delimiter: ${written} }`,
  )
}

/** One column whose name holds a separator is several columns. */
function suspectIn(fields: readonly string[], delimiter: string) {
  if (fields.length > 1) return undefined
  const comma = [',', '","', 'a comma'] as const
  return [...SUSPECTS, comma].find(([separator]) => separator !== delimiter && fields[0]!.includes(separator))
}

/**
 * The row without empty cells beyond the named columns, so that a table with empty columns at its end is read as it is meant.
 * @throws {InputError} if it has fewer cells than there are columns, or text in a column without a name.
 */
export async function cellsOf(file: string, row: CsvRow, { names, width, line }: CsvHeader): Promise<readonly string[]> {
  const { fields, offset } = row
  const columns = names.length
  if (fields.length === columns) return fields
  const extra = fields.slice(columns)
  if (fields.length > columns && extra.every((cell) => cell === '')) return fields
  const filled = fields.findIndex((cell, at) => at >= columns && at < width && cell !== '')
  if (filled !== -1 && fields.length <= width) {
    throw new InputError(
      `${file}:${line}: column ${filled + 1} has no name, and line ${await lineAt(file, offset)} has ${JSON.stringify(fields[filled]!.slice(0, 40))} in it`,
      'Give the column a name in the first row, or remove it',
    )
  }
  const found = `${fields.length} ${fields.length === 1 ? 'field' : 'fields'}`
  throw new InputError(
    `${file}:${await lineAt(file, offset)}: found ${found}, expected ${columns}`,
    'Give each row as many fields as the first one has names; a field that holds the separator needs double quotes',
  )
}
