import type { Report, ScenarioReport } from '../report.ts'
import type { Page } from './lines.ts'
import { nameIn } from './scenarios.ts'
import { table, type Column } from './table.ts'
import { duration, NOTHING } from './units.ts'

type Milestone = ScenarioReport['milestones'][number]
interface Row {
  name: string
  repetition: number
  milestones: Milestone[]
}

/** After how long each scenario was how far, and how its waits there ended. */
export function milestoneSection(report: Report, page: Page): string[] {
  const name = nameIn(report)
  const all = report.scenarios.flatMap(({ milestones }) => milestones)
  const pcts = [...new Set(all.map(({ pct }) => pct))].filter((pct) => pct > 0).sort((a, b) => a - b)
  if (pcts.length === 0) return []
  const rows = report.scenarios.flatMap((scenario) => rowsOf(name(scenario), scenario))
  const columns: Column<Row>[] = [
    { title: 'elapsed until', cell: (row) => row.name },
    ...pcts.map((pct): Column<Row> => ({ title: `${pct} %`, align: 'right', cell: ({ milestones }) => reached(milestones, pct) })),
  ]
  return [page.paint('bold', 'Milestones'), ...table(columns, rows, page), ...waits(all, page)]
}

function rowsOf(name: string, { milestones, repetitions }: ScenarioReport): Row[] {
  const reached = [...new Set(milestones.map(({ repetition }) => repetition))]
  return reached.map((repetition) => ({
    name: repetitions > 1 ? `${name} ${repetition}/${repetitions}` : name,
    repetition,
    milestones: milestones.filter((milestone) => milestone.repetition === repetition),
  }))
}

function reached(milestones: Milestone[], pct: number): string {
  const found = milestones.findLast((milestone) => milestone.pct === pct)
  return found ? duration(found.elapsedMs) : NOTHING
}

/** Only those that did not end with everybody there. */
function waits(milestones: Milestone[], page: Page): string[] {
  const said = new Set(
    milestones.flatMap(({ pct, repetition, outcome }) => {
      if (!outcome || outcome.kind === 'all') return []
      const how = outcome.kind === 'timed-out' ? 'timed out, missing' : 'went on without'
      return [`${pct} % of repetition ${repetition} ${how} ${outcome.missing.join(', ')}`]
    }),
  )
  return [...said].flatMap((line) => page.wrapped(line, 'dim'))
}
