import { TroupeError } from './troupeError.ts'

/** `path` lies in the plan (`scenarios.medium.batchSize`), is a flag (`--only`), or is empty for the plan as a whole. `line` counts from 1. */
export interface PlanProblem {
  path: string
  line?: number
  message: string
}

/** More than fits on a screen helps nobody. */
const MOST_SHOWN = 20

/** A plan is wrong: everything that is, at once. */
export class PlanError extends TroupeError {
  readonly code = 'PLAN_INVALID'
  readonly hint = 'All keys of a plan: troupe schema. Check it without running it: troupe plan FILE'
  override readonly exitCode = 2
  readonly problems: readonly PlanProblem[]

  /** @param file How messages call the plan. */
  constructor(problems: readonly PlanProblem[], file?: string) {
    const lines = problems.slice(0, MOST_SHOWN).map((problem) => planProblemText(problem, file))
    const more = problems.length > MOST_SHOWN ? [`and ${problems.length - MOST_SHOWN} more`] : []
    super(lines.length === 1 ? lines[0] : [`${file ?? 'The plan'} has ${problems.length} problems:`, ...lines, ...more].join('\n  '))
    this.problems = problems
  }
}

function planProblemText({ path, line, message }: PlanProblem, file: string | undefined): string {
  const place = path.startsWith('--') || file === undefined ? '' : line === undefined ? file : `${file}:${line}`
  const where = [place, path].filter(Boolean).join(' ')
  // A problem of the whole says itself what it is about.
  if (where === '') return message
  return path === '' && line !== undefined ? `${where} ${message}` : `${where}: ${message}`
}

/** There is no such file, it cannot be read, or it is of no kind that a plan may be. */
export class PlanUnreadableError extends TroupeError {
  readonly code = 'PLAN_UNREADABLE'
  readonly hint =
    'Give a plan (.ts, .mts, .cts, .js, .mjs, .cjs, .yaml, .yml, .json) or a skill module; make one to start from with: troupe init'
  override readonly exitCode = 2
}

/** A plan or skill module threw when it was loaded, or has no default export. */
export class PlanModuleError extends TroupeError {
  readonly code = 'PLAN_MODULE_FAILED'
  override readonly exitCode = 2
  readonly hint: string

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

/** An input cannot be opened, or what it holds cannot be items. Says where: file and line, or module and index. */
export class InputError extends TroupeError {
  readonly code = 'INPUT_INVALID'
  override readonly exitCode = 2
  readonly hint: string
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

/** An input ends before a scenario has the items it asks for. */
export class InputTooShortError extends TroupeError {
  readonly code = 'INPUT_TOO_SHORT'
  override readonly exitCode = 2
  readonly hint: string
  readonly found: number
  readonly needed: number
  constructor(input: string, found: number, needed: number) {
    super(`${input} has ${found} ${found === 1 ? 'item' : 'items'}, but ${needed} are needed`)
    this.hint =
      found === 0 ? 'Put items into it, or give another input' : `Give a longer input, or ask for scenarios of at most ${found} items`
    this.found = found
    this.needed = needed
  }
}
