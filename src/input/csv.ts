import { closest } from 'fastest-levenshtein'
import { InputError } from '../errors.ts'
import type { ItemSource } from './contract.ts'
import { type CsvRow, readRows } from './csvRows.ts'
import { lineAt } from './text.ts'

/**
 * A file of comma-separated values whose first row names the columns. Items are objects of strings.
 *
 * @param columns Those to keep, in this order; all of them where it is left out.
 * @throws {InputError} if the file is empty, names a column twice, or lacks one of `columns`.
 */
export async function csvSource(file: string, columns?: readonly string[]): Promise<ItemSource> {
  const header = await readHeader(file)
  const kept = (columns ?? header).map((name) => [name, position(file, header, name)] as const)
  return {
    name: file,
    async *stream(from) {
      for await (const row of readRows(file)) {
        if (row.index === 0) continue
        if (row.fields.length !== header.length) throw await ragged(file, row, header.length)
        if (row.index > from) yield Object.fromEntries(kept.map(([name, at]) => [name, row.fields[at]]))
      }
    },
  }
}

async function readHeader(file: string): Promise<string[]> {
  for await (const { fields, offset } of readRows(file)) {
    const twice = fields.find((name, at) => fields.indexOf(name) !== at)
    if (twice === undefined) return fields
    throw new InputError(`${file}:${await lineAt(file, offset)}: two columns are named "${twice}"`, 'Give each column a name of its own')
  }
  throw new InputError(`The input file ${file} is empty`, 'Begin it with a row that names the columns')
}

function position(file: string, header: readonly string[], name: string): number {
  const at = header.indexOf(name)
  if (at !== -1) return at
  throw new InputError(`${file} has no column "${name}"; did you mean "${closest(name, header)}"?`, `Its columns are: ${header.join(', ')}`)
}

async function ragged(file: string, { fields, offset }: CsvRow, expected: number): Promise<InputError> {
  const found = `${fields.length} ${fields.length === 1 ? 'field' : 'fields'}`
  return new InputError(
    `${file}:${await lineAt(file, offset)}: found ${found}, expected ${expected}`,
    'Give each row as many fields as the first one has; a field with a comma in it needs double quotes',
  )
}
