import type { ProgramFigures, RunFigures, ScenarioFigures } from './figures.ts'

/**
 * The programs that what a scenario returned is a mixture of; `null` if it is of one, or of several that the plan gives one version.
 * Whatever judges the quality of a mixture is inconclusive.
 */
export function mixtureIn(
  { variant, programs }: Pick<ScenarioFigures, 'variant' | 'programs'>,
  run: Pick<RunFigures, 'programs'>,
): ProgramFigures | null {
  const of = run.programs.find((one) => one.variant === variant)
  return of && programs > 1 && of.version === null ? { ...of, programs } : null
}

/** Who took part, in words. */
export function programsText({ programs, files }: Pick<ProgramFigures, 'programs' | 'files'>): string {
  const shown = files.length > MAX_SHOWN ? `${files.slice(0, MAX_SHOWN).join(', ')} and ${files.length - MAX_SHOWN} more` : files.join(', ')
  return `${NUMBERS[programs] ?? programs} programs took part: ${shown} ${files.length === 1 ? 'was' : 'were'} changed in between`
}

const MAX_SHOWN = 5
const NUMBERS: Record<number, string> = { 2: 'two', 3: 'three', 4: 'four' }
