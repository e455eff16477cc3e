import { TroupeError } from './troupeError.ts'

/** A skill's module cannot be loaded, or what it exports is no function; or what it needs is not there. */
export class SkillLoadError extends TroupeError {
  readonly code = 'SKILL_LOAD'
  readonly hint: string
  override readonly exitCode = 2

  constructor(message: string, { hint, ...options }: ErrorOptions & { hint?: string } = {}) {
    super(message, options)
    this.hint = hint ?? 'Let the module export: async (items, context) => results. Try it alone with: node MODULE'
  }
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
