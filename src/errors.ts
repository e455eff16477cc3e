/** What a user can meet. `code` is stable and has an entry in docs/errors.md; `hint` says what to do. */
export abstract class TroupeError extends Error {
  abstract readonly code: string
  abstract readonly hint: string
  /** What the command line exits with: 1 the environment or the run, 2 the command or the plan. */
  readonly exitCode: 1 | 2 = 1
  override get name() {
    return this.constructor.name
  }
}

/** `path` lies in the plan (`scenarios.medium.batchSize`), is a flag (`--only`), or is empty for the plan as a whole. `line` counts from 1. */
export interface PlanProblem {
  path: string
  line?: number
  message: string
}

/** A plan is wrong: everything that is, at once. */
export class PlanError extends TroupeError {
  readonly code = 'PLAN_INVALID'
  readonly hint = 'All keys of a plan: troupe schema. Check it without running it: troupe plan FILE'
  override readonly exitCode = 2
  readonly problems: readonly PlanProblem[]

  /** @param file How messages call the plan. */
  constructor(problems: readonly PlanProblem[], file?: string) {
    const lines = problems.map((problem) => planProblemText(problem, file))
    super(lines.length === 1 ? lines[0] : [`${file ?? 'The plan'} has ${lines.length} problems:`, ...lines].join('\n  '))
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
  readonly hint = 'Give a plan (.ts, .js, .mjs, .yaml, .yml, .json) or a skill module; make one to start from with: troupe init'
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

/** Another process took the run over. Nothing of what was refused is stored. */
export class OwnershipLostError extends TroupeError {
  readonly code = 'OWNERSHIP_LOST'
  readonly hint: string

  constructor(run: string, epoch: number) {
    super(`Run "${run}" has a newer owner than epoch ${epoch}: this process stops working on it`)
    this.hint = `Follow it with: troupe status ${run}`
  }
}

/** A live process has the run. */
export class RunHeldError extends TroupeError {
  readonly code = 'RUN_HELD'
  readonly hint: string

  constructor(run: string, owner: { host: string; pid: number } | null) {
    super(`Run "${run}" is being worked on by ${owner ? `process ${owner.pid} on ${owner.host}` : 'another process'}`)
    this.hint = `Follow it with: troupe status ${run}, or stop it there and run this again`
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

/** The database refuses one of the facts; others in its flush are stored. */
export class UnstorableFactError extends TroupeError {
  readonly code = 'UNSTORABLE_FACT'
  readonly hint = 'Results must be plain JSON: see docs/errors.md'

  constructor(run: string, cause: unknown) {
    super(`The database refuses what run "${run}" wants to store: ${messageOf(cause)}`, { cause })
  }
}

/** The database stayed away for longer than we wait. Nothing that was stored is lost. */
export class DatabaseLostError extends TroupeError {
  readonly code = 'DATABASE_LOST'
  readonly hint = 'Everything stored is safe: when the database is back, run the same command again'

  constructor(retryForMs: number, cause: unknown) {
    super(`The database has been away for more than ${retryForMs / 1000} s: ${messageOf(cause)}`, { cause })
  }
}

/** There is no database where we were sent. */
export class DatabaseUnreachableError extends TroupeError {
  readonly code = 'DATABASE_UNREACHABLE'
  readonly hint = 'Check the URL (--database, TROUPE_DATABASE_URL, DATABASE_URL), or leave it out to use the embedded PostgreSQL'

  constructor(where: string, cause: unknown) {
    super(`Cannot use the database at ${where}: ${messageOf(cause)}`, { cause })
  }
}

/** The schema was made by a newer version of this program. */
export class SchemaTooNewError extends TroupeError {
  readonly code = 'SCHEMA_TOO_NEW'
  readonly hint = 'Use the newer troupe, or another database; nothing was changed'

  constructor(found: number, known: number) {
    super(`The database's schema has version ${found}, this troupe knows versions up to ${known}`)
  }
}

export class MigrationError extends TroupeError {
  readonly code = 'MIGRATION_FAILED'
  readonly hint = 'The database is as it was before; the cause is above. troupe db status shows its version'

  constructor(cause: unknown) {
    super(`The database's schema could not be brought up to date: ${messageOf(cause)}`, { cause })
  }
}

/** The plan was changed between two sittings of one run. */
export class PlanConflictError extends TroupeError {
  readonly code = 'PLAN_CONFLICT'
  readonly hint: string
  override readonly exitCode = 2

  constructor(run: string, differences: readonly string[]) {
    super(`Run "${run}" was started with another plan:\n  ${differences.join('\n  ')}`)
    this.hint = `Go on with the stored plan: troupe resume ${run}. Start anew with this one: --new, or another --id`
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

/** No PostgreSQL for this platform, or one that does not run on it. */
export class EmbeddedBinariesError extends TroupeError {
  readonly code = 'EMBEDDED_BINARIES'
  readonly hint = 'Install anew with optional dependencies (npm install --include=optional), or use a database of your own: DATABASE_URL'

  constructor(message: string, options?: ErrorOptions) {
    super(options?.cause ? `${message}: ${messageOf(options.cause)}` : message, options)
  }
}

/** PostgreSQL cannot work with the files of the embedded database. They are never deleted. */
export class EmbeddedDataDamagedError extends TroupeError {
  readonly code = 'EMBEDDED_DATA_DAMAGED'
  readonly hint: string

  constructor(directory: string, reason: string, { log, lines = [] }: { log: string; lines?: readonly string[] }) {
    super(`The embedded database in ${directory} is damaged: ${[reason, ...lines].join('\n  ')}`)
    this.hint = `Nothing was deleted. Move the directory away to begin with an empty database, or put a backup in its place. Log: ${log}`
  }
}

export class EmbeddedVersionError extends TroupeError {
  readonly code = 'EMBEDDED_DATA_VERSION'
  readonly hint: string

  constructor(directory: string, found: string, ours: string) {
    super(`The embedded database in ${directory} was made by PostgreSQL ${found}, this troupe brings PostgreSQL ${ours}`)
    this.hint = `Use the troupe that made it, or move it over with pg_dumpall of PostgreSQL ${found}, or move the directory away to begin anew`
  }
}

export class EmbeddedNotWritableError extends TroupeError {
  readonly code = 'EMBEDDED_NOT_WRITABLE'
  readonly hint: string

  constructor(path: string, why: { cause?: unknown; reason?: string; lines?: readonly string[]; log?: string } = {}) {
    const reasons = [...(why.reason ? [why.reason] : []), ...(why.cause ? [messageOf(why.cause)] : []), ...(why.lines ?? [])]
    super(`The embedded database cannot use ${path}: ${reasons.join('\n  ')}`, { cause: why.cause })
    this.hint = `See whose it is and what is allowed there: ls -ld ${path}${why.log ? `. Log: ${why.log}` : ''}`
  }
}

export class EmbeddedTimeoutError extends TroupeError {
  readonly code = 'EMBEDDED_TIMEOUT'
  readonly hint: string

  constructor(message: string, { log, pid }: { log: string; pid?: number | undefined }) {
    super(pid ? `${message} (its process is ${pid})` : message)
    this.hint = `It may still be recovering from a crash: run the same command again. Its log says what it does: ${log}`
  }
}

export class EmbeddedStartError extends TroupeError {
  readonly code = 'EMBEDDED_START'
  readonly hint: string

  constructor(message: string, { hint, lines = [] }: { hint: string; lines?: readonly string[] }) {
    super([message, ...lines].join('\n  '))
    this.hint = hint
  }
}

const messageOf = (cause: unknown) =>
  cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause)

export class RunExistsError extends TroupeError {
  readonly code = 'RUN_EXISTS'
  readonly hint: string
  override readonly exitCode = 2

  constructor(run: string) {
    super(`There is a run "${run}" already`)
    this.hint = `Choose another id, or look at it with: troupe show ${run}`
  }
}

/** A skill's module cannot be loaded, or what it exports is no function. */
export class SkillLoadError extends TroupeError {
  readonly code = 'SKILL_LOAD'
  readonly hint = 'Let the module export: async (items, context) => results. Try it alone with: node MODULE'
  override readonly exitCode = 2
}

/** What a skill returned is not what was asked for: not one result per item, or figures that are none. */
export class ResultShapeError extends TroupeError {
  readonly code = 'RESULT_SHAPE'
  readonly hint =
    'Return one result per item, in the order of the items: [result, …] or { results: [result, …], quality?, usage?, processed? }'
  readonly class = 'critical'
}

/** A skill's results are no JSON that PostgreSQL can hold, or more of it than `maxResultBytes`. */
export class UnstorableResultError extends TroupeError {
  readonly code = 'UNSTORABLE_RESULT'
  readonly hint =
    'Return plain JSON: numbers, strings, booleans, null, arrays and objects; put what is large into a file and return its name'
  readonly class = 'critical'
}

/** A batch took longer than `batchTimeoutMs`. Nothing of it counts. */
export class BatchTimeoutError extends TroupeError {
  readonly code = 'BATCH_TIMEOUT'
  readonly hint = 'Raise batchTimeoutMs, or lower batchSize; a skill that stops at context.signal keeps its process'
  readonly class = 'transient'

  constructor(batch: number, timeoutMs: number) {
    super(`Batch ${batch} took longer than its ${timeoutMs} ms`)
  }
}

/** The process of a skill ended by itself while it had work. */
export class SkillCrashedError extends TroupeError {
  readonly code = 'SKILL_CRASHED'
  readonly hint = 'Errors thrown in timers and event handlers end the process: catch them there, and leave process.exit to the program'
  readonly class = 'recoverable'
  readonly exit: ProcessExit

  /** @param together Batches that were running in the process: with more than one nobody knows whose fault it was. */
  constructor(exit: ProcessExit, together: number) {
    super(
      `The skill's ${exitText(exit, together === 1 ? 'while it ran this batch' : `while it ran ${together} batches, this one among them`)}`,
    )
    this.exit = exit
  }
}

/** How the process of a skill ended. `output`: the last 8 KB of its standard error. */
export interface ProcessExit {
  code: number | null
  signal: string | null
  output: string
}

/** In words (`process ended with …`), with the last lines it wrote. */
export function exitText({ code, signal, output }: ProcessExit, when: string): string {
  const how = signal !== null ? `was ended by ${signal}` : code !== null ? `ended with exit code ${code}` : 'could not be started'
  const words = output.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Node.js v'))
  return [`process ${how} ${when}`, ...words.slice(-8).map((line) => line.slice(0, 200))].join('\n  ')
}

/** A skill used more memory than `memoryLimitMb`, or all that there was. */
export class MemoryLimitError extends TroupeError {
  readonly code = 'MEMORY_LIMIT'
  readonly hint = 'Raise memoryLimitMb, lower batchSize or parallel, or let the skill hold less at once'
  readonly class = 'critical'

  /** @param residentMb What its process held when it was ended; `null` where its heap was full first. */
  constructor(limitMb: number | null, residentMb: number | null) {
    const limit = limitMb === null ? 'there was' : `its limit of ${limitMb} MB`
    super(
      residentMb === null
        ? `The skill's heap needed more memory than ${limit}`
        : `The skill's process held ${residentMb} MB, more than ${limit}`,
    )
  }
}

/** A batch lost its process to another one's fault, or to the end of the skill. It is run again, and this attempt does not count. */
export class SkillInterruptedError extends TroupeError {
  readonly code = 'SKILL_INTERRUPTED'
  readonly hint = 'Nothing to do: the batch is run again'
  readonly class = 'ignored'
}

/** A batch came to a skill that was closed, or whose worker processes were. It did not run. */
export class SkillClosedError extends TroupeError {
  readonly code = 'SKILL_CLOSED'
  readonly hint = 'Nothing is lost: run the same command again'
  readonly class = 'ignored'
}

/** The run was stopped in this process before its end. Nothing stored is lost. */
export class RunStoppedError extends TroupeError {
  readonly code = 'RUN_STOPPED'
  readonly hint: string

  constructor(run: string) {
    super(`Run "${run}" was stopped before its end`)
    this.hint = `Go on with: troupe resume ${run}`
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

/** A command line that cannot be understood, or that asks for what does not go together. */
export class UsageError extends TroupeError {
  readonly code = 'USAGE'
  override readonly exitCode = 2
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** Files would have to be overwritten. None was touched. */
export class FilesExistError extends TroupeError {
  readonly code = 'FILES_EXIST'
  readonly hint = 'Give another directory: troupe init DIR. Nothing was written'
  override readonly exitCode = 2

  constructor(files: readonly string[]) {
    super(`${new Intl.ListFormat('en').format(files)} ${files.length === 1 ? 'exists' : 'exist'} already`)
  }
}

/** A file that a command was to write cannot be written. */
export class FileUnwritableError extends TroupeError {
  readonly code = 'FILE_UNWRITABLE'
  readonly hint: string

  constructor(file: string, hint: string, cause: unknown) {
    super(`${file} cannot be written: ${messageOf(cause)}`, { cause })
    this.hint = hint
  }
}
