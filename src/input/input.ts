import { extname } from 'node:path'
import { InputError } from '../errors.ts'
import type { InputSpec } from '../plan.ts'
import type { Input, ItemSource } from './contract.ts'
import { csvSource } from './csv.ts'
import { generatorInput } from './generator.ts'
import { jsonlSource } from './jsonl.ts'
import { moduleSource } from './module.ts'
import { streamedInput } from './streamed.ts'

export type { Input, ItemReader } from './contract.ts'

/**
 * Opens a scenario's input and checks what can be checked without reading all of it: that the file is there, the columns exist, the
 * module loads and exports items. `hash` checks the items themselves.
 *
 * @param size Items of the scenario, a whole number ≥ 1. Items never depend on it.
 * @throws {InputError} if the input cannot be opened or `size` is impossible.
 */
export async function openInput(spec: InputSpec, size: number): Promise<Input> {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new InputError(`A scenario cannot have ${size} items`, 'Give a whole number from 1 to 2⁵³ − 1 as its size')
  }
  if (spec.kind === 'generator') return generatorInput(spec)
  return streamedInput(
    spec.kind === 'file' ? await fileSource(spec.file, spec.columns, spec.delimiter) : await moduleSource(spec.module, spec.export),
  )
}

async function fileSource(file: string, columns: readonly string[] | undefined, delimiter: string | undefined): Promise<ItemSource> {
  const extension = extname(file).toLowerCase()
  switch (extension) {
    case '.csv':
      return csvSource(file, columns, delimiter)
    case '.jsonl':
    case '.ndjson':
      if (columns !== undefined) {
        throw new InputError(
          `"columns" is given for ${file}, whose lines have none`,
          'Leave "columns" out: it selects columns of .csv files',
        )
      }
      if (delimiter !== undefined) {
        throw new InputError(`"delimiter" is given for ${file}, whose lines have no cells`, 'Leave "delimiter" out: it is for .csv files')
      }
      return jsonlSource(file)
    default:
      throw new InputError(
        `The input file ${file} has ${extension === '' ? 'no extension' : `the unknown extension ${extension}`}`,
        'Use .jsonl or .ndjson for a JSON value a line, .csv for comma-separated values with a header',
      )
  }
}
