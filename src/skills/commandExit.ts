import { CommandFailedError, type ProcessExit } from '../errors.ts'
import type { CommandSkill, ErrorClass } from '../plan.ts'

/** As sysexits.h and shells mean them: try again later; wrong use, data or input; not executable, not found. */
const USUAL: Record<string, ErrorClass> = {
  75: 'transient',
  64: 'critical',
  65: 'critical',
  66: 'critical',
  126: 'critical',
  127: 'critical',
}

/** @returns `null` where a command has done well: with exit code 0, unless the plan says otherwise. */
export function exitClass({ exitCodes }: CommandSkill, { code }: ProcessExit): ErrorClass | null {
  if (code === null) return 'recoverable'
  return exitCodes[code] ?? (code === 0 ? null : (USUAL[code] ?? 'recoverable'))
}

const MAX_LINES = 1_000

/** Hands over at most so many lines of a batch's standard error: a flood of them would stay in memory on its way. */
export function bounded(log: (line: string) => void): (line: string) => void {
  let lines = 0
  return (line) => {
    if (++lines <= MAX_LINES) log(line)
    else if (lines === MAX_LINES + 1) log(`There is more on its standard error than ${MAX_LINES} lines; the rest is not logged`)
  }
}

export const failed = (spec: CommandSkill, exit: ProcessExit, when: string) =>
  new CommandFailedError(exit, when, exitClass(spec, exit) ?? 'recoverable')
