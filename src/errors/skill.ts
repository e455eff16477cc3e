import { TroupeError } from './troupeError.ts'

/** What a plan names to be called cannot be loaded, or is no function: a skill, or `classify`; or what it needs is not there. */
export class SkillLoadError extends TroupeError {
  readonly code = 'SKILL_LOAD'
  readonly hint: string
  override readonly exitCode = 2

  constructor(message: string, { hint, ...options }: ErrorOptions & { hint?: string } = {}) {
    super(message, options)
    this.hint = hint ?? 'Let the module export: async (items, context) => results'
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
  /** Of the batches that crashed together, this one stands for all: a breaker counts one crash once. */
  readonly counts: boolean

  /** @param together Batches that were running in the process: with more than one nobody knows whose fault it was. */
  constructor(exit: ProcessExit, together: number, counts = true) {
    super(
      `The skill's ${exitText(exit, together === 1 ? 'while it ran this batch' : `while it ran ${together} batches, this one among them`)}`,
    )
    this.exit = exit
    this.counts = counts
  }
}

/** A skill's process told its host something that is not in its language: the skill, or a library of it, sends messages of its own. */
export class WorkerMessageError extends TroupeError {
  readonly code = 'WORKER_MESSAGE'
  readonly hint = 'process.send of a skill process belongs to Troupe: write to standard error instead, or use context.log'
  readonly class = 'critical'

  constructor(why: string) {
    super(`The skill's process sent a message that is none of Troupe's: ${why}`)
  }
}

/** A signal ended the process of a skill twice while the skill was imported: its module was not to blame, or does so itself. */
export class SkillKilledError extends TroupeError {
  readonly code = 'SKILL_KILLED'
  readonly hint = 'See who ends processes here (dmesg tells of the system running out of memory), then run the same command again'
  readonly class = 'recoverable'
  readonly signal: string

  constructor(module: string, exit: ProcessExit & { signal: string }) {
    super(`${module} was not loaded: its ${exitText(exit, 'while it was imported')}`)
    this.signal = exit.signal
  }
}

/** How the process of a skill ended. `output`: the last 8 KB of its standard error. */
export interface ProcessExit {
  code: number | null
  signal: string | null
  output: string
}

/** In words (`process ended with …`), with the last lines it wrote. */
export function exitText({ code, signal, output }: ProcessExit, when: string, meaning = ''): string {
  const how = signal !== null ? `was ended by ${signal}` : code !== null ? `ended with exit code ${code}${meaning}` : 'could not be started'
  const words = output.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Node.js v'))
  return [`process ${how} ${when}`, ...words.slice(-8).map((line) => line.slice(0, 200))].join('\n  ')
}

/** What shells mean by an exit code of their own. */
const SHELLS_SAY: Readonly<Record<number, { meaning: string; hint: string }>> = {
  126: {
    meaning: 'not executable',
    hint: 'Make the program that its standard error names executable: chmod +x FILE; its first line names what runs it',
  },
  127: {
    meaning: 'no such program',
    hint: 'Install the program that its standard error names, or give its path: with a slash in it (./score.sh), relative to cwd',
  },
}

/** A command ended with an exit code other than 0, or by a signal. Its class is the one that the plan gives its exit code. */
export class CommandFailedError extends TroupeError {
  readonly code = 'COMMAND_FAILED'
  readonly hint: string
  readonly class: 'critical' | 'recoverable' | 'transient' | 'ignored'
  /** The command's own; `null` where a signal ended it. */
  readonly commandExit: number | null
  readonly signal: string | null
  /** The last 8 KB of its standard error. */
  readonly stderr: string

  /** @param when For the message: `while it ran this batch`. */
  constructor(exit: ProcessExit, when: string, errorClass: CommandFailedError['class']) {
    const known = exit.signal === null ? SHELLS_SAY[exit.code ?? -1] : undefined
    super(`The command's ${exitText(exit, when, known && ` (${known.meaning})`)}`)
    this.hint =
      known?.hint ?? 'Run the command by hand on the same items; exitCodes in the plan says which exit codes are worth another attempt'
    this.class = errorClass
    this.commandExit = exit.code
    this.signal = exit.signal
    this.stderr = exit.output
  }
}

/** The items of a batch cannot be written to a command in the format that its plan gives. */
export class CommandInputError extends TroupeError {
  readonly code = 'COMMAND_INPUT'
  readonly hint = 'With stdin: text each item is one line; stdin: jsonl gives every item a line of JSON'
  readonly class = 'critical'
}

/** A skill used more memory than `memoryLimitMb`, or all that there was. */
export class MemoryLimitError extends TroupeError {
  readonly code = 'MEMORY_LIMIT'
  readonly hint = 'Raise memoryLimitMb, lower batchSize or parallel, or let the skill hold less at once'
  readonly class = 'critical'

  readonly limitMb: number | null
  readonly residentMb: number | null
  readonly heapMb: number | null

  /** @param residentMb What its process held when it was ended; `null` where its heap was full first: then `heapMb` is what that held, if it is known. */
  constructor(limitMb: number | null, residentMb: number | null, heapMb: number | null = null) {
    const limit = limitMb === null ? 'there was' : `its limit of ${limitMb} MB`
    super(
      residentMb === null
        ? `The skill's heap needed more memory than ${limit}${heapMb === null ? '' : `; it held ${heapMb} MB`}`
        : `The skill's process held ${residentMb} MB, more than ${limit}`,
    )
    this.limitMb = limitMb
    this.residentMb = residentMb
    this.heapMb = heapMb
  }
}

/** The plan's `chaos` broke this call. */
export class ChaosError extends TroupeError {
  readonly code = 'CHAOS'
  readonly hint = 'The plan asks for it: without its key chaos nothing is broken on purpose'
  readonly class: 'critical' | 'recoverable' | 'transient' | 'ignored'

  constructor(batch: number, attempt: number, failClass: ChaosError['class']) {
    super(`CHAOS: attempt ${attempt} at batch ${batch} fails on purpose`)
    this.class = failClass
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

/** The circuit breaker in front of a skill lets nothing through. The call did not reach it, and its batch waits. */
export class BreakerOpenError extends TroupeError {
  readonly code = 'BREAKER_OPEN'
  readonly hint = 'Nothing to do: the batch goes on when the skill answers again'
  readonly class = 'ignored'
  /** `null` where no time leads there, but a command. */
  readonly retryAfterMs: number | null

  constructor(variant: string, retryAfterMs: number | null) {
    super(`The breaker of skill "${variant}" is open`)
    this.retryAfterMs = retryAfterMs
  }
}
