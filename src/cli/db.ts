import { InvalidArgumentError, type Command } from 'commander'
import { UsageError } from '../errors.ts'
import type { DatabaseStatus } from '../index.ts'
import { handle } from './invocation.ts'
import { jsonDocument } from './output.ts'
import { isAbsent, withTroupe } from './withTroupe.ts'

export function define(command: Command) {
  command
    .command('status')
    .description('what there is; nothing is made or started')
    .action(
      handle(async ({ options: { database }, output }) => {
        const { databaseStatus } = await import('../index.ts')
        const status = await databaseStatus({ database })
        await output.print(output.json ? jsonDocument(status) : `${statusLines(status).join('\n')}\n`)
      }),
    )
  command
    .command('start')
    .description('start the embedded PostgreSQL, and keep it running until db stop')
    .action(
      handle(async ({ options, output }) => {
        refuseUrl(options.database)
        const { startDatabase } = await import('../index.ts')
        const started = await startDatabase({ onWait: output.wait })
        await output.print(
          output.json ? jsonDocument(started) : `it runs in ${started.dataDirectory}\nconnect with: psql "${started.connection}"\n`,
        )
      }),
    )
  command
    .command('stop')
    .description('stop the embedded PostgreSQL, whoever uses it')
    .action(
      handle(async ({ options, output }) => {
        refuseUrl(options.database)
        const { stopDatabase } = await import('../index.ts')
        const stopped = await stopDatabase({ onWait: output.wait })
        await output.print(output.json ? jsonDocument({ stopped }) : stopped ? 'it is stopped\n' : 'it was not running\n')
      }),
    )
  command
    .command('migrate')
    .description('bring the schema up to date, as every command does by itself')
    .action(
      handle(async ({ options: { database }, output }) => {
        const { migrateDatabase } = await import('../index.ts')
        const { from, to } = await migrateDatabase({ database, onWait: output.wait })
        const text = from === to ? `the schema is up to date, at version ${to}\n` : `the schema was brought from version ${from} to ${to}\n`
        await output.print(output.json ? jsonDocument({ from, to }) : text)
      }),
    )
  command
    .command('prune')
    .description('delete runs that ended long ago, with all that belongs to them')
    .requiredOption('--older-than <age>', 'since their end: 30d, 12h, 90m', age)
    .action(
      handle<{ olderThan: number }>(async ({ options, output }) => {
        const print = (runs: string[]) => output.print(output.json ? jsonDocument({ runs }) : prunedText(runs))
        if (await isAbsent(options)) return print([])
        return withTroupe(options, async (troupe) => print(await troupe.prune({ olderThanMs: options.olderThan })))
      }),
    )
}

function statusLines({ database, state, dataDirectory, survey }: DatabaseStatus): string[] {
  const lines = [`database: ${database}${dataDirectory ? `, in ${dataDirectory}` : ''}`, `state:    ${state}`]
  if (state === 'absent') lines.push('          the first run makes it')
  if (!survey) return lines
  const { server, schema, bytes, runs } = survey
  const counts = Object.entries(runs).map(([status, count]) => `${count} ${status}`)
  const behind = schema.version === schema.known ? '' : `, this troupe knows ${schema.known}`
  return [
    ...lines,
    `server:   PostgreSQL ${server}`,
    `schema:   version ${schema.version}${behind}`,
    `size:     ${(bytes / 2 ** 20).toFixed(1)} MB`,
    `runs:     ${counts.join(', ') || 'none'}`,
  ]
}

const prunedText = (runs: string[]) => (runs.length === 0 ? 'nothing was deleted\n' : `deleted ${runs.length}: ${runs.join(', ')}\n`)

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

function age(text: string): number {
  const [, amount, unit] = /^(\d+)([mhd])$/.exec(text) ?? []
  if (!amount || !unit) throw new InvalidArgumentError('Expected a number and m, h or d, such as 30d.')
  return Number(amount) * UNITS[unit]!
}

function refuseUrl(database: string | undefined) {
  if (database === undefined || database === 'embedded') return
  throw new UsageError('Only the embedded PostgreSQL is started and stopped here', 'Leave --database out, or use the tools of that server')
}
