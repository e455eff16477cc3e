import { join } from 'node:path'
import type { Command } from 'commander'
import type { RunSummary, Troupe } from '../index.ts'
import { clockTime } from '../printable.ts'
import { handle } from './invocation.ts'
import { jsonDocument, type Output } from './output.ts'
import { dateTime, summaryOf, withReason } from './summary.ts'
import { isAbsent, withTroupe } from './withTroupe.ts'

/** How many of those that have not ended are looked at more closely. */
const LOOKED_AT = 20

interface Listed {
  run: string
  plan: string
  status: string
  reason: string | null
  /** `null` where it is not known, and of what has ended. */
  held: boolean | null
  /** Since when the process that has it has given no sign of life; `null`: it has lately. */
  silentSince: number | null
  progressPct: number | null
  createdAt: number
  startedAt: number | null
  finishedAt: number | null
  /** As the report says it; `null` before its end. */
  elapsedMs: number | null
}

export function define(command: Command) {
  command.action(
    handle(async ({ options, output }) => {
      if (await isAbsent(options)) return print([], output, `no database in ${process.cwd()} yet`)
      return withTroupe(options, async (troupe) => {
        const rows = await troupe.list()
        const unfinished = rows.filter((row) => row.finishedAt === null).slice(0, LOOKED_AT)
        const seen = new Map(await Promise.all(unfinished.map(async ({ id }) => [id, await progressOf(troupe, id)] as const)))
        await print(
          rows.map((row) => ({ ...listed(row), ...seen.get(row.id) })),
          output,
          lookedAt(troupe.database),
        )
      })
    }),
  )
}

const listed = ({ id, name, status, reason, createdAt, startedAt, finishedAt, progressPct, elapsedMs }: RunSummary): Listed => ({
  run: id,
  plan: name,
  status,
  reason,
  held: finishedAt === null ? null : false,
  silentSince: null,
  progressPct,
  createdAt,
  startedAt,
  finishedAt,
  elapsedMs,
})

async function progressOf(troupe: Troupe, id: string): Promise<Pick<Listed, 'held' | 'silentSince' | 'progressPct'>> {
  const { StoredDamagedError, StoredVersionError } = await import('../index.ts')
  try {
    const { held, silentSince, scenarios } = summaryOf(await troupe.show(id))
    return { held, silentSince, progressPct: progressIn(scenarios) }
  } catch (error) {
    // One that this version cannot read hides no other.
    if (error instanceof StoredVersionError || error instanceof StoredDamagedError)
      return { held: null, silentSince: null, progressPct: null }
    throw error
  }
}

function progressIn(scenarios: { size: number; repetitions: number; items: number; itemsFailed: number }[]): number {
  const whole = scenarios.reduce((sum, { size, repetitions }) => sum + size * repetitions, 0)
  const settled = scenarios.reduce((sum, { items, itemsFailed }) => sum + items + itemsFailed, 0)
  return Math.floor((settled * 100) / whole)
}

/** The runs of a directory are not those of the one above: so it is said where these are. */
const lookedAt = (database: string) => (database === 'embedded' ? `the embedded database in ${join(process.cwd(), '.troupe')}` : database)

async function print(runs: Listed[], output: Output, where: string) {
  if (output.json) return output.print(jsonDocument(runs))
  if (runs.length === 0) {
    const hint = 'begin with troupe run FILE; runs of another directory or database: run this there, or with --database URL'
    return output.print(`no runs yet (${where}): ${hint}\n`)
  }
  output.say(`runs in ${where}`)
  const { duration, textPage, textTable } = await import('../index.ts')
  const lines = textTable<Listed>(
    [
      { title: 'run', cell: ({ run }) => run },
      { title: 'plan', cell: ({ plan }) => plan },
      {
        title: 'status',
        cell: statusText,
      },
      { title: 'done', align: 'right', cell: ({ progressPct }) => (progressPct === null ? '–' : `${progressPct} %`) },
      { title: 'created', cell: ({ createdAt }) => dateTime(createdAt) },
      { title: 'took', align: 'right', cell: ({ elapsedMs }) => duration(elapsedMs) },
    ],
    runs,
    textPage({ ...output, width: output.lineWidth }),
  )
  return output.print(`${lines.join('\n')}\n`)
}

function statusText({ status, reason, held, silentSince }: Listed): string {
  if (held === false && isOpen(status)) return 'unfinished'
  return silentSince === null ? withReason(status, reason) : `${status} (no sign of life since ${clockTime(silentSince)})`
}

const isOpen = (status: string) => status === 'running' || status === 'pending'
