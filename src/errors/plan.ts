import { troupeCommand } from '../shellCommand.ts'
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
  readonly hint: string
  override readonly exitCode = 2
  readonly problems: readonly PlanProblem[]

  /** @param file How messages call the plan. */
  constructor(problems: readonly PlanProblem[], file?: string) {
    const lines = problems.slice(0, MOST_SHOWN).map((problem) => planProblemText(problem, file))
    const more = problems.length > MOST_SHOWN ? [`and ${problems.length - MOST_SHOWN} more`] : []
    super(lines.length === 1 ? lines[0] : [`${file ?? 'The plan'} has ${problems.length} problems:`, ...lines, ...more].join('\n  '))
    this.problems = problems
    const isOfFlags = problems.length > 0 && problems.every(({ path }) => path.startsWith('--'))
    this.hint = isOfFlags
      ? `The scenarios that there are, with their sizes: ${troupeCommand('plan', file ?? 'FILE')}`
      : 'All keys of a plan: troupe schema. Check it without running it: troupe plan FILE'
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
  readonly input: string
  /** @param scenario Whose items these are to be; `isDefault`: the plan writes no scenarios, and its size is that of the profile. */
  constructor(input: string, found: number, needed: number, scenario?: { name: string; isDefault: boolean }) {
    const has = `${input} has ${found} ${found === 1 ? 'item' : 'items'}`
    const whose = scenario?.isDefault
      ? `scenario ${scenario.name} takes ${needed} by default`
      : `scenario ${scenario?.name} takes ${needed}`
    super(`${has}, but ${scenario === undefined ? `${needed} are needed` : whose}`)
    this.hint = found === 0 ? 'Put items into it, or give another input' : fewerItems(found, scenario?.isDefault ?? false)
    this.input = input
    this.found = found
    this.needed = needed
  }
}

const fewerItems = (found: number, isDefault: boolean) =>
  isDefault
    ? `Take what there is: --limit ${found}, or in the plan scenarios: { all: { size: ${found} } }; or give a longer input`
    : `Take what there is: --limit ${found}, or give no scenario of the plan more than ${found} items; or give a longer input`
