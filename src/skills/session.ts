import type { Clock } from '../clock.ts'
import {
  exitText,
  InputError,
  MemoryLimitError,
  SkillCrashedError,
  SkillInterruptedError,
  SkillKilledError,
  SkillLoadError,
  WorkerMessageError,
} from '../errors.ts'
import { environmentNames } from '../plan.ts'
import { CallLimit } from './callLimit.ts'
import { type Exit, SkillProcess } from './childProcess.ts'
import { messageOf } from './errorClass.ts'
import { packError, unpackError, type WireError } from './errorWire.ts'
import type { BadMessage } from './fromProcess.ts'
import type { FromProcess, ToProcess } from './protocol.ts'
import type { CallOptions, SkillCall, SkillOutcome, SkillTiming } from './skill.ts'

export interface SessionHost {
  clock: Clock
  /** For a skill that was told to stop, and for a process that was told to end. */
  graceMs: number
  /** Names of environment variables that it gets although they are ours. Default: none. */
  secrets?: readonly string[]
  log(message: string, data?: object): void
}

interface InFlight {
  items: number
  limit: CallLimit
  options: CallOptions
  /** On our clock: for calls that never answer. */
  start: number
  resolve(outcome: SkillOutcome): void
  reject(error: unknown): void
}

/** A module that takes longer than this to be imported, ms, is taken to hang. */
const LOAD_LIMIT_MS = 60_000

/** One process with a skill loaded in it, from its start to its end, and the calls that are in flight there. */
export class Session {
  /** The skill is loaded. Rejects with `SkillLoadError`, `SkillKilledError`, `MemoryLimitError`, or `SkillInterruptedError` if the session was ended first. */
  readonly ready: Promise<void>
  readonly #process: SkillProcess
  readonly #host: SessionHost
  readonly #memoryLimitMb: number | null
  readonly #maxResultBytes: number
  readonly #load = Promise.withResolvers<void>()
  readonly #inFlight = new Map<number, InFlight>()
  #loaded = false
  #nextId = 0
  /** We ended it, and so none of the calls that are still in flight is to blame. */
  #ended = false

  constructor(load: Extract<ToProcess, { type: 'load' }>, memoryLimitMb: number | null, host: SessionHost) {
    this.#host = host
    this.#memoryLimitMb = memoryLimitMb
    this.#maxResultBytes = load.work?.maxResultBytes ?? 0
    this.#process = new SkillProcess(
      {
        memoryLimitMb,
        forCommands: load.setup !== undefined,
        asked: [...(host.secrets ?? []), ...(load.setup ? environmentNames(load.setup.spec) : [])],
      },
      { message: (message) => this.#receive(message), line: (line, stream) => this.#log(line, { stream }) },
    )
    this.#process.send(load)
    // In real time, whatever clock a run has: this waits for the system, not for the run.
    const limit = setTimeout(
      () =>
        this.#refuse(
          new SkillLoadError(`${load.module} was not loaded in ${LOAD_LIMIT_MS / 1000} s`, {
            hint: 'See what the module, or what it imports, waits for at its top',
          }),
        ),
      LOAD_LIMIT_MS,
    )
    this.ready = this.#load.promise.finally(() => clearTimeout(limit))
    // Whoever waits for it hears of it; often nobody does any more.
    this.ready.catch(() => {})
    void this.#process.gone.then((exit) => this.#settleAll(exit, load.module))
  }

  /** Calls may be run. */
  get usable(): boolean {
    return this.#loaded && !this.#process.ending
  }

  get ending(): boolean {
    return this.#process.ending
  }

  get gone(): Promise<unknown> {
    return this.#process.gone
  }

  /** One batch. Only where `usable`. */
  run(call: SkillCall, options: CallOptions): Promise<SkillOutcome> {
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<SkillOutcome>()
    options.onStart()
    const start = performance.now()
    try {
      this.#process.send({ type: 'call', id, call })
    } catch (cause) {
      options.onFailure?.(timingSince(start))
      const hint = 'Let the input give plain JSON: no functions, no class instances'
      return Promise.reject(new InputError(`Batch ${call.key.batch} cannot be sent to its skill: ${messageOf(cause)}`, hint, { cause }))
    }
    const limited = {
      abort: (reason: unknown) => this.#process.send({ type: 'abort', id, reason: packError(reason) }),
      giveUp: () => this.#kill(),
    }
    this.#inFlight.set(id, {
      items: call.items.length,
      limit: new CallLimit(limited, call.key.batch, options, this.#host),
      options,
      start,
      resolve,
      reject,
    })
    return promise
  }

  /** Ends the process: gently when it has nothing to do, at once otherwise. */
  async end(): Promise<void> {
    if (this.#inFlight.size > 0) this.#kill()
    this.#ended = true
    await this.#process.end(this.#host.graceMs)
  }

  /** As a fault would: the calls in flight there have crashed. */
  crash() {
    this.#process.kill()
  }

  #kill() {
    this.#ended = true
    this.#process.kill()
  }

  #receive(message: FromProcess | BadMessage) {
    switch (message.type) {
      case 'loaded':
        if (this.#ended) return undefined
        this.#loaded = true
        return this.#load.resolve()
      case 'unloadable':
        if (this.#loaded) return this.#distrust(undefined, 'it cannot be loaded, after it was')
        return this.#refuse(unpackError(message.error))
      case 'log':
        return this.#log(message.message, { batch: message.batch, ...(message.data !== undefined && { data: message.data }) })
      case 'returned': {
        const items = this.#inFlight.get(message.id)?.items
        if (items === undefined) return this.#distrust(message.id, `it answers call ${message.id}, which is not under way`)
        if (message.outcome.processed > items) return this.#distrust(message.id, `it processed more than the ${items} items of its batch`)
        if (message.itemFailures?.some(([index]) => index >= items))
          return this.#distrust(message.id, 'an item failed that its batch has not')
        if (message.outcome.result.length > this.#maxResultBytes)
          return this.#distrust(message.id, 'its results are larger than maxResultBytes')
        const call = this.#take(message.id)
        if (call?.limit.timedOut) fail(call, call.limit.reason, message.timing)
        else call?.resolve({ ...message.outcome, ...message.timing, ...unpackFailures(message.itemFailures) })
        return undefined
      }
      case 'threw': {
        const call = this.#take(message.id)
        if (call) fail(call, call.limit.failure(unpackError(message.error)), message.timing)
        return undefined
      }
      case 'bad':
        return this.#distrust(message.id, message.why)
      case 'ending':
        return this.#distrust(undefined, 'it says that it ends, and was not told to')
      case 'group':
        return this.#distrust(undefined, 'it is of no kind that a function may send')
    }
  }

  /** Nothing that it says can be trusted any more. The call that the message names has failed, else the one that waits longest. */
  #distrust(id: number | undefined, why: string) {
    if (this.#ended) return
    const error = new WorkerMessageError(why)
    const [oldest] = this.#inFlight.keys()
    const call = id !== undefined && this.#inFlight.has(id) ? this.#take(id) : oldest === undefined ? undefined : this.#take(oldest)
    if (call) fail(call, call.limit.failure(error), timingSince(call.start))
    else if (this.#loaded) this.#log(error.message, { stream: 'stderr' })
    else this.#load.reject(new SkillLoadError(error.message, { cause: error, hint: error.hint }))
    this.#kill()
  }

  /** A logger is whatever the embedding program gave. */
  #log(message: string, data?: object) {
    try {
      this.#host.log(message, data)
    } catch {
      // It has lost a line, and no batch.
    }
  }

  #take(id: number): InFlight | undefined {
    const call = this.#inFlight.get(id)
    this.#inFlight.delete(id)
    call?.limit.end()
    return call
  }

  #refuse(error: unknown) {
    this.#load.reject(error)
    this.#kill()
  }

  #settleAll(exit: Exit, module: string) {
    const together = this.#inFlight.size
    const error = this.#ended
      ? new SkillInterruptedError('The batch lost its process, which had to be ended')
      : exit.memory
        ? new MemoryLimitError(this.#memoryLimitMb, exit.memory.residentMb, exit.memory.heapMb)
        : undefined
    const { signal } = exit
    const unloaded = () =>
      signal === null
        ? new SkillLoadError(`${module} cannot be loaded: its ${exitText(exit, 'while it was imported')}`, {
            hint: 'Nothing in the module, or in what it imports, may end the process',
          })
        : new SkillKilledError(module, { ...exit, signal })
    this.#load.reject(error ?? unloaded())
    let isFirst = true
    for (const [id, call] of this.#inFlight) {
      this.#take(id)
      fail(call, call.limit.failure(error ?? new SkillCrashedError(exit, together, isFirst)), timingSince(call.start))
      isFirst = false
    }
    if (together === 0 && !this.#ended) this.#log(`The skill's ${exitText(exit, 'between two batches')}`, { stream: 'stderr' })
  }
}

const unpackFailures = (packed: [number, WireError][] | undefined): Pick<SkillOutcome, 'itemFailures'> =>
  packed ? { itemFailures: packed.map(([index, error]) => [index, unpackError(error)] as const) } : {}

function fail(call: InFlight, error: unknown, timing: SkillTiming) {
  call.options.onFailure?.(timing)
  call.reject(error)
}

const timingSince = (start: number): SkillTiming => ({
  startedAt: performance.timeOrigin + start,
  activeMs: performance.now() - start,
  cpuMs: null,
  memoryPeakMb: null,
})
