import { shellWord, troupeCommand } from '../shellCommand.ts'
import { TroupeError } from './troupeError.ts'

/** Another process took the run over. Nothing of what was refused is stored. */
export class OwnershipLostError extends TroupeError {
  readonly code = 'OWNERSHIP_LOST'
  readonly hint: string

  constructor(run: string, epoch: number) {
    super(`Run "${run}" has a newer owner than epoch ${epoch}: this process stops working on it`)
    this.hint = `Follow it with: ${troupeCommand('status', run, '--watch')}`
  }
}

/** A live process has the run. */
export class RunHeldError extends TroupeError {
  readonly code = 'RUN_HELD'
  readonly hint: string

  constructor(run: string, owner: { host: string; pid: number } | null) {
    super(`Run "${run}" is being worked on by ${owner ? `process ${owner.pid} on ${owner.host}` : 'another process'}`)
    this.hint = `Follow it with: ${troupeCommand('status', run, '--watch')}, or stop it there and run this again`
  }
}

/**
 * The process that has a run was asked for something, and has given no sign of life for a while: it is stopped, hangs, or its host sleeps. What was
 * asked is stored.
 */
export class OwnerSilentError extends TroupeError {
  readonly code = 'OWNER_SILENT'
  readonly hint: string

  /** @param since The time of its last sign of life, as people read it. */
  constructor(run: string, { host, pid }: { host: string; pid: number }, since: string) {
    super(`Run "${run}" has not obeyed: no sign of life from process ${pid} on ${host} since ${since}`)
    this.hint = `What was asked is stored, and obeyed by whoever works on the run next. If that process is stopped, on ${host}: let it go on with kill -CONT ${pid}, or end it with kill -9 ${pid}, and then ${troupeCommand('resume', run)}`
  }
}

export class RunNotFoundError extends TroupeError {
  readonly code = 'RUN_NOT_FOUND'
  readonly hint = 'See which runs there are with: troupe list'
  override readonly exitCode = 2

  constructor(run: string, nearest?: string) {
    super(`There is no run "${run}"${nearest ? `; did you mean "${nearest}"?` : ''}`)
  }
}

/** Failed items were to be tried again, and no run has ended that has any. Nobody who asks for that wants to pay for all of it. */
export class NothingToRetryError extends TroupeError {
  readonly code = 'NOTHING_TO_RETRY'
  readonly hint: string
  override readonly exitCode = 2

  /**
   * @param runs Of the same plan those that have something left to do, the newest first; `null`: there is none of it at all.
   * @param file Of the plan, where it is known.
   * @param again What `troupe resume` needs beside the run.
   */
  constructor(
    message: string,
    runs: readonly { id: string; status: string; finishedAt: number | null }[] | null,
    file: string | undefined,
    again: readonly string[],
  ) {
    super(`${message}. Nothing was begun`)
    const texts = (runs ?? []).map(({ id, status, finishedAt }) => {
      return `${id} (${status}): ${troupeCommand('resume', id, ...(finishedAt === null ? [] : ['--retry-failed']), ...again)}`
    })
    this.hint =
      texts.length > 0
        ? `Runs of this plan, and what goes on with them: ${texts.join('; ')}`
        : runs === null
          ? `There is no run of this plan: begin one with ${troupeCommand('run', file ?? 'FILE')}`
          : `All runs of this plan have all their results: begin a new one with ${troupeCommand('run', file ?? 'FILE', '--new')}`
  }
}

/** The plan was changed between two sittings of one run. */
export class PlanConflictError extends TroupeError {
  readonly code = 'PLAN_CONFLICT'
  readonly hint: string
  override readonly exitCode = 2

  /** @param differences Of what is written; empty where the items alone are others. */
  constructor(run: string, differences: readonly string[]) {
    const sameText = differences.length === 0
    const what = sameText ? 'with other items: its input is not as it was' : `with another plan:\n  ${differences.join('\n  ')}`
    super(`Run "${run}" was started ${what}`)
    this.hint = sameText
      ? 'Put the input back as it was, and run this again. Or begin a new run with these items: troupe run FILE --new'
      : `Go on with the stored plan: ${troupeCommand('resume', run)}. Start anew with this one: --new, or another --id`
  }
}

/** A stored plan is JSON: the functions that it had were not stored, and the run cannot go on without them. */
export class PlanFunctionsError extends TroupeError {
  readonly code = 'PLAN_FUNCTIONS'
  readonly hint: string
  override readonly exitCode = 2

  /** @param functions Where they stand in the plan. */
  constructor(run: string, functions: readonly string[]) {
    super(`The plan of run "${run}" has functions, which are not stored with it: ${functions.join(', ')}`)
    this.hint = `Give the plan again: troupe run FILE --id ${shellWord(run)}, or in a program: resume(${JSON.stringify(run)}, { plan })`
  }
}

/** Nothing has been heard of the run for a while, and it may be another's by now. A call does not begin before that is known. */
export class OwnershipUnsureError extends TroupeError {
  readonly code = 'OWNERSHIP_UNSURE'
  readonly hint = 'Nothing to do: the batch begins when the database says that the run is still ours'
  readonly class = 'ignored'

  constructor(run: string) {
    super(`Whose run "${run}" is has not been confirmed for a while`)
  }
}

/** A command makes no sense in the run's present status. */
export class CommandRefusedError extends TroupeError {
  readonly code = 'COMMAND_REFUSED'
  readonly hint: string
  override readonly exitCode = 2

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** A stored state that this version cannot read. */
export class SnapshotVersionError extends TroupeError {
  readonly code = 'SNAPSHOT_VERSION'
  readonly hint = 'Resume the run with the version of troupe that stored it, or a newer one'

  constructor(machine: string, found: number, known: number) {
    super(`A stored ${machine} has version ${found}, this troupe knows versions up to ${known}`)
  }
}

export class RunExistsError extends TroupeError {
  readonly code = 'RUN_EXISTS'
  readonly hint: string
  override readonly exitCode = 2

  constructor(run: string) {
    super(`There is a run "${run}" already`)
    this.hint = `Choose another id, or look at it with: ${troupeCommand('show', run)}`
  }
}

/** The run was stopped in this process before its end. Nothing stored is lost. */
export class RunStoppedError extends TroupeError {
  readonly code = 'RUN_STOPPED'
  readonly hint: string

  constructor(run: string) {
    super(`Run "${run}" was stopped before its end`)
    this.hint = `Go on with: ${troupeCommand('resume', run)}`
  }
}

/** A machine invokes a run and does not say which. Restored, it could not go on with it. */
export class RunIdMissingError extends TroupeError {
  readonly code = 'RUN_ID_MISSING'
  readonly hint = 'Give the invoked run an id made of what it is for: input: ({ context }) => ({ plan, id: `order-${context.order}` })'
  override readonly exitCode = 2

  constructor() {
    super('A machine invokes a run without an id')
  }
}

/** A run is asked for from a troupe that is closed, or was closed while the run was being started. */
export class TroupeClosedError extends TroupeError {
  readonly code = 'TROUPE_CLOSED'
  readonly hint = 'Open another troupe, and start or resume the run there'

  constructor() {
    super('The troupe was closed before the run began: nothing of it is called any more')
  }
}
