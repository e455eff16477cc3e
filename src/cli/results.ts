import { Option, type Command } from 'commander'
import { CommandRefusedError } from '../errors.ts'
import type { RunView, StoredItemError, StoredResult } from '../index.ts'
import { handle } from './invocation.ts'
import { secretsOf } from './summary.ts'
import { withStored } from './withTroupe.ts'

export function define(command: Command) {
  command
    .addOption(new Option('--format <format>', 'one line per item').choices(['jsonl', 'csv']).default('jsonl'))
    .addHelpText(
      'after',
      '\nSCENARIO: its name, or VARIANT/SCENARIO. Columns: variant, scenario, repetition, item (from 0), result; of an item that failed alone, error in place of its result.',
    )
    .action(
      handle(async ({ options, output }, run, scenario?: string) =>
        withStored(options, run, async (troupe) => {
          const view = await troupe.show(run)
          output.hide(secretsOf(view))
          const filter = filterFor(view, scenario)
          const csv = options.format === 'csv'
          if (csv) await output.print('variant,scenario,repetition,item,result,error\n', 'data')
          for await (const batch of (await troupe.attach(run)).results(filter)) {
            await output.print(linesOf(batch, csv ? csvLine : jsonLine), 'data')
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

function linesOf({ variant, scenario, repetition, from, results, errors }: StoredResult, text: (line: Line) => string): string {
  const lines = results.map((result, index): Line => {
    const error = errors?.[index]
    return { variant, scenario, repetition, item: from + index, ...(error ? { error } : { result }) }
  })
  return lines.map((line) => `${text(line)}\n`).join('')
}

const jsonLine = (line: Line) => JSON.stringify(line)

const csvLine = ({ variant, scenario, repetition, item, result = null, error }: Line) =>
  [variant, scenario, repetition, item, result, error?.message ?? null].map(csvCell).join(',')

/** RFC 4180; what is no scalar as JSON. */
function csvCell(value: unknown): string {
  const text = typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
