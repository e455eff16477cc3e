import { InvalidArgumentError, Option, type Command } from 'commander'
import { stringify } from 'csv-stringify/sync'
import { CommandRefusedError } from '../errors.ts'
import type { RunView, StoredItemError, StoredResult } from '../index.ts'
import { handle } from './invocation.ts'
import { secretsOf } from './summary.ts'
import { withStored } from './withTroupe.ts'

export function define(command: Command) {
  command
    .addOption(new Option('--format <format>', 'one line per item').choices(['jsonl', 'csv']).default('jsonl'))
    .option('--delimiter <character>', 'between the cells of CSV, such as ";" or "\\t" (default: ",")', delimiter)
    .option('--raw', 'CSV: texts as they are, also those that a spreadsheet would run as a formula')
    .addHelpText(
      'after',
      '\nSCENARIO: its name, or VARIANT/SCENARIO. Columns: variant, scenario, repetition, item (from 0), result; of an item that failed alone, error in place of its result.',
    )
    .action(
      handle<CsvOptions>(async ({ options, output }, run, scenario?: string) =>
        withStored(options, run, async (troupe) => {
          const view = await troupe.show(run)
          output.hide(secretsOf(view))
          const filter = filterFor(view, scenario)
          const csv = options.format === 'csv'
          if (csv) await output.print(csvLines([COLUMNS], options), 'data')
          else refuseCsvOptions(options)
          for await (const batch of (await troupe.attach(run)).results(filter)) {
            await output.print(csv ? csvLines(linesOf(batch).map(cells), options) : jsonLines(linesOf(batch)), 'data')
            if (output.closed) return
          }
        }),
      ),
    )
}

/** @throws {CommandRefusedError} if the run has none of that name. */
function filterFor({ run: { spec } }: RunView, written: string | undefined): { variant?: string; scenario?: string } {
  if (written === undefined) return {}
  const addresses = spec.scenarios.map(({ variant, name }) => `${variant}/${name}`)
  const at = written.indexOf('/')
  const filter = at < 0 ? { scenario: written } : { variant: written.slice(0, at), scenario: written.slice(at + 1) }
  if (addresses.some((address) => address === written || address.endsWith(`/${written}`))) return filter
  throw new CommandRefusedError(`Run "${spec.run}" has no scenario "${written}"`, `It has: ${addresses.join(', ')}`)
}

type Line = Record<'variant' | 'scenario' | 'repetition' | 'item', unknown> & { result?: unknown; error?: StoredItemError }

function linesOf({ variant, scenario, repetition, from, results, errors }: StoredResult): Line[] {
  return results.map((result, index): Line => {
    const error = errors?.[index]
    return { variant, scenario, repetition, item: from + index, ...(error ? { error } : { result }) }
  })
}

const jsonLines = (lines: Line[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('')

interface CsvOptions {
  delimiter?: string
  raw?: boolean
}

const COLUMNS = ['variant', 'scenario', 'repetition', 'item', 'result', 'error']

const cells = ({ variant, scenario, repetition, item, result = null, error }: Line) =>
  [variant, scenario, repetition, item, result, error?.message ?? null].map((value) =>
    typeof value === 'string' || typeof value === 'number' || value === null ? value : JSON.stringify(value),
  )

/** RFC 4180; what is no scalar as JSON. Texts come from models and services: those that a spreadsheet would take for a formula begin with `'`, unless `raw`. */
const csvLines = (rows: readonly (readonly unknown[])[], { delimiter = ',', raw = false }: CsvOptions) =>
  stringify(rows.slice(), { delimiter, escape_formulas: !raw })

function delimiter(text: string): string {
  const character = text === '\\t' ? '\t' : text
  if ([...character].length === 1 && !/["\r\n]/.test(character)) return character
  throw new InvalidArgumentError('Expected one character, such as ";" or "\\t".')
}

/** @throws {CommandRefusedError} */
function refuseCsvOptions(options: CsvOptions) {
  for (const name of ['delimiter', 'raw'] as const) {
    if (options[name] !== undefined) throw new CommandRefusedError(`--${name} has no effect without --format csv`, 'Add --format csv')
  }
}
