import type { Comparison } from '../comparison.ts'
import type { Report, ScenarioReport } from '../report.ts'
import type { Page } from './lines.ts'
import { table, type Column } from './table.ts'
import { duration, NOTHING, percent, rate, score } from './units.ts'

const WAITS = [
  ['user', 'paused'],
  ['database', 'no database'],
  ['breaker', 'breaker'],
  ['barrier', 'barrier'],
  ['interrupted', 'not running'],
] as const

/** Variant and name, where there are several variants. */
export const nameIn = (report: Pick<Report, 'scenarios'>) => {
  const several = new Set(report.scenarios.map(({ variant }) => variant)).size > 1
  return ({ variant, name }: { variant: string; name: string }) => (several ? `${variant}/${name}` : name)
}

/** How every scenario got on, in the order of the comparison, and what a reader must know about the figures. */
export function scenarioSection(report: Report, page: Page): string[] {
  const { comparison, scenarios } = report
  const rows = comparison.scenarios.map((compared) => {
    const scenario = scenarios.find(({ variant, name }) => variant === compared.variant && name === compared.scenario)!
    return { ...scenario, compared }
  })
  const notes = notesOn(comparison).flatMap((note) => page.wrapped(note, 'dim'))
  return [page.paint('bold', 'Scenarios'), ...table(columnsFor(report), rows, page), ...notes]
}

type Row = ScenarioReport & { compared: Comparison['scenarios'][number] }

function columnsFor(report: Report): Column<Row>[] {
  const waits = WAITS.filter(([reason]) => report.scenarios.some((s) => s.pausedMs[reason] > 0))
  return [
    { title: 'scenario', cell: nameIn(report) },
    { title: 'status', cell: ({ status, reason }) => (reason ? `${status} (${reason})` : status) },
    { title: 'items', align: 'right', cell: ({ items, size, repetitions }) => `${items}/${size * repetitions}` },
    { title: 'failed', align: 'right', cell: ({ itemsFailed }) => String(itemsFailed) },
    { title: 'batches', align: 'right', cell: ({ batches }) => String(batches) },
    { title: 'retries', align: 'right', cell: ({ retries }) => String(retries) },
    { title: 'active', align: 'right', cell: ({ activeMs, batches }) => duration(batches === 0 ? null : activeMs) },
    { title: 'elapsed', align: 'right', cell: ({ elapsedMs, status }) => duration(status === 'pending' ? null : elapsedMs) },
    ...(report.scenarios.some(({ backoffMs }) => (backoffMs ?? 0) > 0)
      ? [{ title: 'backoff', align: 'right', cell: ({ backoffMs }) => waited(backoffMs ?? 0) } satisfies Column<Row>]
      : []),
    ...waits.map(([reason, title]): Column<Row> => ({ title, align: 'right', cell: ({ pausedMs }) => waited(pausedMs[reason]) })),
    { title: 'items/s', align: 'right', cell: ({ items, elapsedMs }) => rate(elapsedMs > 0 ? (items * 1000) / elapsedMs : null) },
    { title: 'skill items/s', align: 'right', cell: ({ compared }) => rate(compared.throughput) },
    { title: 'skill time/item', align: 'right', cell: ({ compared }) => duration(compared.timePerItemMs) },
    { title: 'errors', align: 'right', cell: ({ compared }) => percent(compared.errorRate) },
    { title: 'quality', align: 'right', cell: ({ quality }) => score(quality) },
  ]
}

const waited = (ms: number) => (ms > 0 ? duration(ms) : NOTHING)

const FACTORS = {
  batchSize: 'batch size',
  parallel: 'parallel batches',
  input: 'input',
  params: 'parameters',
  programs: 'files of the skill',
} as const

function notesOn({ scenarios, contended, confounded }: Comparison): string[] {
  const differing = confounded.map((factor) => FACTORS[factor])
  const hasRates = scenarios.some(({ throughput }) => throughput !== null)
  return [
    ...(hasRates
      ? ['items/s counts all elapsed time. Skill figures count time in skill calls only; the time per item has no warm-up in it.']
      : []),
    ...(contended ? ['Timings are not comparable: scenarios ran at the same time. Compare those of a run with --order serial.'] : []),
    ...(differing.length > 0
      ? [`Besides size, scenarios differ in ${differing.join(', ')}: size alone does not explain a difference.`]
      : []),
  ]
}
