import { isDeepStrictEqual } from 'node:util'
import type { RunFigures, ScenarioFigures } from './figures.ts'
import { errorRate, qualityOf, throughput, timePerItemMs } from './metrics.ts'

/** Scenarios side by side. */
export interface Comparison {
  /** Variant by variant, each by rising size. */
  scenarios: ComparedScenario[]
  /** Scenarios ran at the same time, and so took time from each other. */
  contended: boolean
  /** What besides its size tells scenarios apart: where there is any, a difference is not one of size alone. */
  confounded: ('batchSize' | 'parallel' | 'input' | 'params' | 'programs')[]
}

export interface ComparedScenario {
  variant: string
  scenario: string
  size: number
  timePerItemMs: number | null
  /** Confirmed items per second of active time. */
  throughput: number | null
  quality: number | null
  errorRate: number | null
  /** Its error rate is within what it may be; `null` before its first item is settled. */
  withinTolerance: boolean | null
}

const FACTORS = ['batchSize', 'parallel', 'input', 'params'] as const

export function compare({ scenarios, order }: Pick<RunFigures, 'scenarios' | 'order'>): Comparison {
  const variants = [...new Set(scenarios.map(({ variant }) => variant))]
  const ordered = variants.flatMap((name) => scenarios.filter(({ variant }) => variant === name).toSorted((a, b) => a.size - b.size))
  return {
    scenarios: ordered.map(compared),
    contended: order === 'parallel' && scenarios.filter(({ activeMs }) => activeMs > 0).length > 1,
    confounded: [
      ...FACTORS.filter((factor) => scenarios.some(({ factors }) => !isDeepStrictEqual(factors[factor], scenarios[0]?.factors[factor]))),
      ...(variants.some((name) => isOfPrograms(scenarios.filter(({ variant }) => variant === name))) ? (['programs'] as const) : []),
    ],
  }
}

/** Whether scenarios of one variant differ in the programs that made their results: files of the skill changed between. */
function isOfPrograms(scenarios: readonly ScenarioFigures[]): boolean {
  const [first, ...others] = scenarios.map(({ factors }) => factors.programs).filter((programs) => programs.length > 0)
  return others.some((programs) => !isDeepStrictEqual(programs, first))
}

function compared(scenario: ScenarioFigures): ComparedScenario {
  const rate = errorRate(scenario)
  return {
    variant: scenario.variant,
    scenario: scenario.name,
    size: scenario.size,
    timePerItemMs: timePerItemMs(scenario),
    throughput: throughput(scenario),
    quality: qualityOf(scenario),
    errorRate: rate,
    withinTolerance: rate === null ? null : rate <= scenario.errorTolerance,
  }
}
