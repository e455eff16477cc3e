import { closest } from 'fastest-levenshtein'
import { InputError } from '../errors.ts'
import type { ItemSource } from './contract.ts'
import { cellsOf, readHeader } from './csvHeader.ts'
import { readRows } from './csvRows.ts'

/**
 * A file of separated values whose first row names the columns. Items are objects of strings.
 *
 * @param columns Those to keep, in this order; all of them where it is left out.
 * @throws {InputError} if the file is empty or of another shape, names a column twice, or lacks one of `columns`.
 */
export async function csvSource(file: string, columns?: readonly string[], delimiter = ','): Promise<ItemSource> {
  const header = await readHeader(file, delimiter)
  const { names } = header
  const kept = (columns ?? names).map((name) => [name, position(file, names, name)] as const)
  return {
    name: file,
    async *stream(from, onBytes) {
      for await (const row of readRows(file, delimiter, { from: from + 1, onBytes })) {
        const cells = row.fields.length === names.length ? row.fields : await cellsOf(file, row, header)
        yield Object.fromEntries(kept.map(([name, at]) => [name, cells[at]]))
      }
    },
  }
}

function position(file: string, header: readonly string[], name: string): number {
  const at = header.indexOf(name)
  if (at !== -1) return at
  throw new InputError(`${file} has no column "${name}"; did you mean "${closest(name, header)}"?`, `Its columns are: ${header.join(', ')}`)
}
