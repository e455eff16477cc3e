import { CommandRefusedError, RunHeldError } from './errors.ts'
import type { Patience } from './host/patience.ts'
import type { RunHost } from './host/runHost.ts'
import type { RunProgress } from './host/progress.ts'
import type { OrchestratorRef } from './host/recorder.ts'
import type { Command } from './machines/orchestratorState.ts'
import type { Request, Store, StoredEvent, StoredResult } from './persistence/store.ts'
import type { Report } from './report/report.ts'

/** What a run asks of the troupe that it belongs to. */
export interface RunKeeper {
  store: Store
  now(): number
  report(id: string): Promise<Report>
  /** Its scenarios, `variant/scenario`, in the order of its plan. */
  addresses(id: string): Promise<string[]>
  /**
   * Takes a run that nobody owns, obeys what was asked of it, then the command, and leaves again.
   * @throws {RunHeldError} if somebody owns it after all.
   */
  obeyOnce(id: string, command: Command | null): Promise<void>
  shutdownMs: number
  /** @throws {UsageError} if it has what means nothing. */
  checkFilter(filter: object): void
  /** For what is asked of the process that has it. */
  patience(id: string): Patience
}

export interface RunEvents {
  /** Only what came after this sequence. Default 0: everything. */
  after?: number
}

type CommandName = 'run.pause' | 'run.continue' | 'run.cancel' | 'run.restart' | 'breaker.open' | 'breaker.disable' | 'breaker.reset'

/** What a command is about. `scenario`: `variant/scenario`, or its name where one variant has it. */
interface About {
  scenario?: string
  variant?: string
  fresh?: boolean
}

/** A run: of this process, or followed from outside. Everything that can be awaited resolves when it is durable. */
export class Run {
  readonly id: string
  /** Whether it was there before: the run goes on, or has ended already. */
  readonly resumed: boolean
  /** The last event of before this process had it: `events({ after: run.before })` are those of this process. */
  readonly before: number
  /** For the user, in sentences. */
  readonly warnings: readonly string[]
  readonly #keeper: RunKeeper
  readonly #host: RunHost | null

  constructor(
    keeper: RunKeeper,
    id: string,
    host: RunHost | null,
    options: { resumed: boolean; before?: number; warnings?: readonly string[] },
  ) {
    this.#keeper = keeper
    this.id = id
    this.#host = host
    this.resumed = options.resumed
    this.before = options.before ?? 0
    this.warnings = options.warnings ?? []
  }

  /** What its plan allows to what is in flight when it is stopped, ms. */
  get shutdownMs(): number {
    return this.#keeper.shutdownMs
  }

  /** While it is about to leave this process: resolves when it has. */
  get leaving(): Promise<void> | undefined {
    return this.#host?.over ? this.#host.stop(0) : undefined
  }

  /** The orchestrator's XState actor, where it lives in this process. */
  get actor(): OrchestratorRef | undefined {
    return this.#host?.actor
  }

  /** How it stands at this moment, with the batches that are at work, where it lives in this process. Nothing is read for it. */
  progress(): RunProgress | undefined {
    return this.#host?.over ? undefined : this.#host?.progress()
  }

  /** Every event as it is stored, from the first one; ends with the run. Breaking off is allowed at any time. */
  async *events({ after = 0 }: RunEvents = {}): AsyncGenerator<StoredEvent, void, undefined> {
    const { store } = this.#keeper
    let news = Promise.withResolvers<void>()
    const stop = await store.watch(this.id, () => news.resolve())
    let over = false
    const end = () => {
      over = true
      news.resolve()
    }
    void this.#host?.ended().then(end, end)
    try {
      for (let last = after; ; ) {
        const isLast = over || (!this.#host && (await this.#hasEnded()))
        const events = await store.events(this.id, last)
        for (const event of events) {
          yield event
          last = event.sequence
        }
        if (events.length > 0) continue
        if (isLast) return
        await news.promise
        news = Promise.withResolvers()
        if (over) news.resolve()
      }
    } finally {
      await stop()
    }
  }

  /**
   * The skill's results as stored: by variant and scenario, in the order of the items.
   * @throws {CommandRefusedError} while they are read, if the run has no such scenario or variant.
   */
  async *results(filter: { variant?: string; scenario?: string } = {}): AsyncGenerator<StoredResult, void, undefined> {
    this.#keeper.checkFilter(filter)
    const { variant, scenario } = filter
    const all = variant === undefined && scenario === undefined ? [] : await this.#keeper.addresses(this.id)
    const isMeant = (address: string) =>
      (variant === undefined || address.startsWith(`${variant}/`)) && (scenario === undefined || address.endsWith(`/${scenario}`))
    if (all.length > 0 && !all.some(isMeant)) {
      const sought =
        scenario === undefined ? `variant "${variant}"` : `scenario "${variant === undefined ? scenario : `${variant}/${scenario}`}"`
      throw new CommandRefusedError(`Run "${this.id}" has no ${sought}`, `It has: ${all.join(', ')}`)
    }
    yield* this.#keeper.store.results(this.id, filter)
  }

  /**
   * Waits for the end.
   * @throws {OwnershipLostError} {@link DatabaseLostError} {@link RunStoppedError} if it ended in this process, but not for good: it can be resumed.
   */
  async result(): Promise<Report> {
    if (this.#host && !this.#host.over) return this.#host.finished()
    if (this.#host) await this.#host.finished()
    else {
      for await (const _event of this.events()) {
        // Until there are no more.
      }
    }
    // Somebody may have gone on with it since.
    return this.#keeper.report(this.id)
  }

  /** Batches in flight end and are stored, new ones do not begin. `scenario`: `variant/scenario`, or its name where one variant has it. */
  pause(scenario?: string): Promise<void> {
    return this.#command('run.pause', { scenario })
  }

  continue(scenario?: string): Promise<void> {
    return this.#command('run.continue', { scenario })
  }

  /** Batches in flight are aborted; the scenarios fail with `cancelled`. */
  cancel(scenario?: string): Promise<void> {
    return this.#command('run.cancel', { scenario })
  }

  /** A new round of one scenario over what is not confirmed; `fresh`: over everything. */
  restart(scenario: string, options: { fresh?: boolean } = {}): Promise<void> {
    return this.#command('run.restart', { scenario, fresh: options.fresh })
  }

  /** Keeps every call away from the skill of a variant, or of all, until the breaker is reset. Its scenarios wait. */
  openBreaker(variant?: string): Promise<void> {
    return this.#command('breaker.open', { variant })
  }

  /** Lets every call through, whatever comes of it, until the breaker is reset. */
  disableBreaker(variant?: string): Promise<void> {
    return this.#command('breaker.disable', { variant })
  }

  /** Closes it, and forgets what it has counted. */
  resetBreaker(variant?: string): Promise<void> {
    return this.#command('breaker.reset', { variant })
  }

  /** Ends it in this process, resumable: what is in flight gets the abort signal and `shutdownMs` (default: the plan's). */
  async stop(shutdownMs = this.#keeper.shutdownMs): Promise<void> {
    await this.#host?.stop(shutdownMs)
  }

  async #command(type: CommandName, { scenario, variant, fresh = false }: About): Promise<void> {
    const address = scenario === undefined ? undefined : await this.#address(scenario)
    const at = this.#keeper.now()
    const command: Command = {
      type,
      fresh,
      at,
      ...(address !== undefined && { scenario: address }),
      ...(variant !== undefined && { variant }),
    }
    if (this.#host && !this.#host.over) return this.#host.command(command)
    if (await this.#keeper.store.isHeld(this.id)) {
      return this.#request({ type, scenario: address ?? null, variant: variant ?? null, fresh })
    }
    return this.#keeper.obeyOnce(this.id, command)
  }

  /**
   * Asks the owner, in whatever process it is, and waits for its stored answer. Where nobody owns the run any more, it is taken to obey.
   * @throws {OwnerSilentError} if the owner gives no sign of life; the request stays.
   */
  async #request(request: Omit<Request, 'sequence'>): Promise<void> {
    const { store } = this.#keeper
    const sequence = await store.request(this.id, request)
    let news = Promise.withResolvers<void>()
    const stop = await store.watch(this.id, () => news.resolve())
    const patience = this.#keeper.patience(this.id)
    try {
      for (let last = sequence; ; news = Promise.withResolvers()) {
        const events = await store.events(this.id, last)
        const answer = events.find(({ type, data }) => type === 'request.answered' && data.request === sequence)
        if (answer) return accept(answer)
        last = events.at(-1)?.sequence ?? last
        if (events.length > 0) continue
        const holder = await store.holder(this.id)
        if (holder) await patience.wait(news.promise, holder)
        else await this.#keeper.obeyOnce(this.id, null).catch(unlessHeld)
      }
    } finally {
      await stop()
    }
  }

  async #address(scenario: string): Promise<string> {
    const all = await this.#keeper.addresses(this.id)
    const found = all.filter((address) => address === scenario || address.endsWith(`/${scenario}`))
    if (found.length === 1) return found[0]!
    const message = found.length === 0 ? `Run "${this.id}" has no scenario "${scenario}"` : `Several variants have a scenario "${scenario}"`
    throw new CommandRefusedError(message, `Say which: ${(found.length === 0 ? all : found).join(', ')}`)
  }

  async #hasEnded(): Promise<boolean> {
    const row = await this.#keeper.store.get(this.id)
    return row === null || row.finishedAt !== null
  }
}

function accept({ data }: StoredEvent) {
  const refusal = data.refusal as { message: string; hint: string } | null
  if (refusal) throw new CommandRefusedError(refusal.message, refusal.hint)
}

/** Somebody else was quicker, and will answer. */
function unlessHeld(error: unknown) {
  if (!(error instanceof RunHeldError)) throw error
}
