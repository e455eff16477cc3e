import type { RunView } from '../index.ts'
import type { Output } from './output.ts'
import { clockTime } from '../printable.ts'
import { troupeCommand } from '../shellCommand.ts'

/** A run at a moment, as commands print it. Instants in epoch ms. */
export interface Summary {
  run: string
  plan: string
  status: string
  reason: string | null
  /** A live process works on it. */
  held: boolean
  /** Since when that process has given no sign of life; `null`: it has lately. */
  silentSince: number | null
  owner: { host: string; pid: number } | null
  /** What `--at` may name, at most. */
  sequence: number
  createdAt: number
  startedAt: number | null
  finishedAt: number | null
  scenarios: ScenarioSummary[]
}

interface ScenarioSummary {
  variant: string
  name: string
  status: string
  reason: string | null
  pausedBy: string[]
  size: number
  repetition: number
  repetitions: number
  round: number
  progressPct: number
  items: number
  itemsFailed: number
  batches: number
  retries: number
}

export function summaryOf({ row, held, silentSince, sequence, run, scenarios }: RunView): Summary {
  const { id, name, status, reason, owner, createdAt, startedAt, finishedAt } = row
  return {
    run: id,
    plan: name,
    status,
    reason: status === 'paused' || status === 'failed' ? reason : null,
    held,
    silentSince,
    owner: held && owner ? { host: owner.host, pid: owner.pid } : null,
    sequence,
    createdAt,
    startedAt,
    finishedAt,
    scenarios: Object.entries(scenarios).map(([address, state]) => scenarioSummary(run.members[address]!.status, state)),
  }
}

function scenarioSummary(status: string, state: RunView['scenarios'][string]): ScenarioSummary {
  const { variant, name, size, repetitions } = state.spec
  const settled = state.repetitions.reduce((sum, each) => sum + each.settled, 0)
  const itemsFailed = state.repetitions.reduce((sum, each) => sum + each.failed, 0)
  const { reason, pausedBy, repetition, round, batches, retries } = state
  const progressPct = Math.floor((settled * 100) / (size * repetitions))
  return {
    variant,
    name,
    status,
    reason,
    pausedBy,
    size,
    repetition,
    repetitions,
    round,
    progressPct,
    items: settled - itemsFailed,
    itemsFailed,
    batches,
    retries,
  }
}

/** One line: whose it is, how it is, who works on it. */
export function summaryLine({ run, status, reason, held, silentSince, owner, finishedAt }: Summary): string {
  const why = reason ? ` (${reason})` : ''
  if (finishedAt !== null) return `run ${run} is ${status}${why}`
  if (!held) {
    const how = status === 'paused' ? `paused${why}` : 'unfinished'
    return `run ${run} is ${how}, no process works on it: ${troupeCommand('resume', run)}`
  }
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'a process'
  const does = silentSince === null ? `${who} works on it` : `no sign of life from ${who} since ${clockTime(silentSince)}`
  return `run ${run} is ${status}${why}; ${does}`
}

export async function summaryTable({ scenarios }: Summary, { width, colour }: Output): Promise<string[]> {
  const { textPage, textTable } = await import('../index.ts')
  const several = new Set(scenarios.map(({ variant }) => variant)).size > 1
  return textTable<ScenarioSummary>(
    [
      { title: 'scenario', cell: ({ variant, name }) => (several ? `${variant}/${name}` : name) },
      { title: 'status', cell: ({ status, reason, pausedBy }) => withReason(status, reason ?? pausedBy[0]) },
      { title: 'done', align: 'right', cell: ({ progressPct }) => `${progressPct} %` },
      {
        title: 'settled',
        align: 'right',
        cell: ({ items, itemsFailed, size, repetitions }) => `${items + itemsFailed}/${size * repetitions}`,
      },
      { title: 'failed', align: 'right', cell: ({ itemsFailed }) => String(itemsFailed) },
      { title: 'batches', align: 'right', cell: ({ batches }) => String(batches) },
      { title: 'retries', align: 'right', cell: ({ retries }) => String(retries) },
    ],
    scenarios,
    textPage({ width, colour }),
  )
}

export const withReason = (status: string, reason: string | null | undefined) => (reason ? `${status} (${reason})` : status)

export const secretsOf = ({ plan }: RunView): readonly string[] => plan.secrets

const two = (part: number) => String(part).padStart(2, '0')

/** `2026-11-21 05:07:04`, local. */
export function dateTime(at: number): string {
  const date = new Date(at)
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${clockTime(at)}`
}
