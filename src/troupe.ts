import { extname } from 'node:path'
import { customAlphabet } from 'nanoid'
import type { InspectionEvent } from 'xstate'
import { systemClock, type Clock } from './clock.ts'
import { PlanConflictError, RunNotFoundError } from './errors.ts'
import { cast } from './host/cast.ts'
import { openDatabase, type DatabaseOptions, type OpenedDatabase } from './host/database.ts'
import { changedSkills, prepare, type Prepared } from './host/prepare.ts'
import { reportOf } from './host/reportOf.ts'
import { RunHost } from './host/runHost.ts'
import { viewOf, type RunView } from './host/view.ts'
import type { Command } from './machines/orchestratorState.ts'
import type { Ownership, RunRow, Store, StoredEvent } from './persistence/store.ts'
import {
  loadPlan,
  normalizePlan,
  planDifferences,
  separateFunctions,
  type LoadedPlan,
  type Plan,
  type PlanInput,
  type PlanOverrides,
} from './plan.ts'
import type { Report } from './report/report.ts'
import { Run, type RunKeeper } from './run.ts'
import { redactDeep, redactor } from './skills/redact.ts'
import { Workers } from './skills/workers.ts'

export interface TroupeOptions extends DatabaseOptions {
  clock?: Clock
  /** Where skills' `context.log` and their output go, with what else is worth a line. Default: nowhere. */
  logger?: Logger
  /** Hears every actor of every run, as XState's `inspect` does. */
  inspect?: (event: InspectionEvent) => void
}

/** As pino's: the least that is needed of a logger. */
export interface Logger {
  info(data: object, message: string): void
  warn(data: object, message: string): void
}

export interface StartOptions {
  /** That run, new or begun. Without: the newest unfinished run with the same fingerprint, else a new one. */
  id?: string
  /** Always a new run. */
  forceNew?: boolean
  /** For an ended run: a new round over what is not confirmed. */
  retryFailed?: boolean
  overrides?: PlanOverrides
  /** Relative paths of a plan object are resolved against it. Default: the working directory. */
  directory?: string
}

/** Sources run as they are, a built package from `dist`: the extension is ours. */
const ITEMS_MODULE = new URL(`./input/input${extname(import.meta.url)}`, import.meta.url).href

const newId = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 8)

/**
 * Opens the database, and with it everything that a run needs.
 * @throws {DatabaseUnreachableError} {@link SchemaTooNewError} {@link MigrationError}, and what the embedded PostgreSQL may say.
 */
export async function openTroupe(options: TroupeOptions = {}): Promise<Troupe> {
  const clock = options.clock ?? systemClock
  const hosts = new Map<string, RunHost>()
  const database = await openDatabase(options, clock, (state) => {
    for (const host of hosts.values()) host.connection(state)
  })
  return new Troupe(database, clock, hosts, options)
}

/** Runs of this process, and a view of all others. */
export class Troupe implements AsyncDisposable {
  readonly #database: OpenedDatabase
  readonly #clock: Clock
  readonly #options: TroupeOptions
  readonly #hosts: Map<string, RunHost>
  readonly #runs = new Map<string, Run>()
  /** By their number: plans that ask for as many share them. */
  readonly #workers = new Map<number, Workers>()
  /** Every host whose actors live, those included that only obey one command. */
  readonly #living = new Map<string, RunHost>()
  readonly #machine: ReturnType<typeof cast>
  readonly #leaving = new Set<Promise<void>>()
  #stopNotices: Promise<() => Promise<void>> | undefined
  #closing: Promise<void> | undefined

  /** Use `openTroupe`. */
  constructor(database: OpenedDatabase, clock: Clock, hosts: Map<string, RunHost>, options: TroupeOptions) {
    this.#database = database
    this.#clock = clock
    this.#hosts = hosts
    this.#options = options
    this.#machine = cast(clock, (run) => this.#living.get(run)!)
  }

  get database(): string {
    return this.#database.shown
  }

  get #store(): Store {
    return this.#database.store
  }

  /**
   * Runs a plan, or goes on with the run that it began: a plan object, a plan that was loaded, or a file.
   * @throws {PlanError} {@link PlanConflictError} {@link RunHeldError} {@link SkillLoadError} {@link InputError}
   */
  async start(plan: PlanInput | LoadedPlan | string, options: StartOptions = {}): Promise<Run> {
    const { plan: normal, functions } = await this.#load(plan, options)
    const here = options.id === undefined ? undefined : this.#runs.get(options.id)
    if (here) return here
    const prepared = await prepare(normal, { checkSkills: true })
    const found = options.id === undefined ? await this.#unfinished(prepared.fingerprint, options) : await this.#store.get(options.id)
    if (!found) return this.#create(prepared, functions, options.id ?? `${normal.name}-${newId()}`)
    return this.#goOn(found, prepared, functions, options)
  }

  /** Goes on with a stored run. A plan with functions in it must be given again. @throws {RunNotFoundError} {@link RunHeldError} {@link PlanConflictError} */
  async resume(id: string, options: { plan?: PlanInput | LoadedPlan | string; retryFailed?: boolean } = {}): Promise<Run> {
    const here = this.#runs.get(id)
    if (here) return here
    const row = await this.#row(id)
    const { plan, functions } = options.plan === undefined ? { plan: row.plan as Plan, functions: {} } : await this.#load(options.plan, {})
    return this.#goOn(row, await prepare(plan, { checkSkills: false }), functions, options)
  }

  /** Follows a run from outside, wherever it lives. @throws {RunNotFoundError} */
  async attach(id: string): Promise<Run> {
    const here = this.#runs.get(id)
    if (here) return here
    const row = await this.#row(id)
    return new Run(this.#keeper(row.plan as Plan), id, null, { resumed: true })
  }

  /** All runs, the newest first. */
  async list(filter: { name?: string; limit?: number } = {}): Promise<RunRow[]> {
    return this.#store.find(filter)
  }

  /** The states of a run's actors, now or at a sequence. @throws {RunNotFoundError} */
  async show(id: string, options: { at?: number } = {}): Promise<RunView> {
    return viewOf(this.#store, await this.#row(id), this.#clock.now(), options.at)
  }

  /** The events that are stored by now, oldest first, at most 1000: go on `after` the last one. @throws {RunNotFoundError} */
  async history(id: string, { after = 0 }: { after?: number } = {}): Promise<StoredEvent[]> {
    await this.#row(id)
    return this.#store.events(id, after)
  }

  /** The report of a run: as stored at its end, or of what is known by now. @throws {RunNotFoundError} */
  async report(id: string): Promise<Report> {
    const row = await this.#row(id)
    if (row.report !== null && row.finishedAt !== null) return row.report as Report
    const view = await viewOf(this.#store, row, this.#clock.now())
    return reportOf({ store: this.#store, plan: row.plan as Plan, shown: this.database, now: this.#clock.now() }, view)
  }

  /** A new run that begins as another was at a sequence. Nobody owns it yet. @throws {RunNotFoundError} {@link RunExistsError} */
  async fork(id: string, { at, id: newRun }: { at: number; id?: string }): Promise<string> {
    const { name } = await this.#row(id)
    const row = await this.#store.fork(id, { at, id: newRun ?? `${name}-${newId()}` })
    return row.id
  }

  /** Deletes runs that ended longer ago than that. @returns their ids. */
  prune({ olderThanMs }: { olderThanMs: number }): Promise<string[]> {
    return this.#store.prune(olderThanMs)
  }

  /** Stops the runs of this process gracefully, resumable, and leaves the database. */
  close(options: { shutdownMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.shutdownMs)
    return this.#closing
  }

  async [Symbol.asyncDispose]() {
    await this.close()
  }

  async #close(shutdownMs: number | undefined) {
    await Promise.all([...this.#hosts.keys()].map((id) => this.#runs.get(id)?.stop(shutdownMs)))
    await Promise.all(this.#leaving)
    const stop = await this.#stopNotices
    await stop?.()
    await Promise.all([...this.#workers.values()].map((workers) => workers.close()))
    await this.#database.close()
  }

  async #load(plan: PlanInput | LoadedPlan | string, { overrides, directory = process.cwd() }: StartOptions): Promise<LoadedPlan> {
    if (typeof plan === 'string') return loadPlan(plan, overrides)
    if ('functions' in plan) return plan
    const separated = separateFunctions(plan)
    return { plan: normalizePlan(separated.plan, { directory, overrides }), functions: separated.functions }
  }

  async #row(id: string): Promise<RunRow> {
    const row = await this.#store.get(id)
    if (!row) throw new RunNotFoundError(id)
    return row
  }

  async #unfinished(fingerprint: string, { forceNew, retryFailed = false }: StartOptions): Promise<RunRow | null> {
    if (forceNew) return null
    const [row] = await this.#store.find({ fingerprint, unfinished: !retryFailed, limit: 1 })
    return row ?? null
  }

  async #create(prepared: Prepared, functions: LoadedPlan['functions'], id: string): Promise<Run> {
    const { plan, fingerprint, skillVersions } = prepared
    const ownership = await this.#store.create({ id, name: plan.name, plan, fingerprint, skillVersions })
    return this.#open(ownership, plan, functions, { resumed: false })
  }

  async #goOn(row: RunRow, prepared: Prepared, functions: LoadedPlan['functions'], options: { retryFailed?: boolean }): Promise<Run> {
    const { plan } = prepared
    if (row.fingerprint !== prepared.fingerprint) {
      const differences = planDifferences(row.plan as Plan, plan)
      throw new PlanConflictError(row.id, differences.length > 0 ? differences : ['input: its items are not those of before'])
    }
    const warnings = changedSkills(row.skillVersions, prepared.skillVersions).map(
      (variant) =>
        `The file of skill "${variant}" has changed since this run began: ${plan.variants[variant]?.module}. Its version has not.`,
    )
    if (row.finishedAt !== null && !options.retryFailed) return new Run(this.#keeper(plan), row.id, null, { resumed: true, warnings })
    const run = await this.#open(await this.#store.take(row.id), plan, functions, { resumed: true, warnings })
    if (options.retryFailed) await this.#retryFailed(run)
    return run
  }

  async #retryFailed(run: Run) {
    const host = this.#hosts.get(run.id)
    for (const [address, state] of Object.entries(host?.scenarios() ?? {})) {
      const failed = state.reason !== null || state.repetitions.some((r) => r.failed > 0)
      if (failed && (state.done || state.reason !== null)) await run.restart(address)
    }
  }

  async #open(
    ownership: Ownership,
    plan: Plan,
    functions: LoadedPlan['functions'],
    how: { resumed: boolean; warnings?: string[] },
  ): Promise<Run> {
    const { id } = ownership
    try {
      const host = await this.#host(ownership, plan, functions)
      const run = new Run(this.#keeper(plan), id, host, how)
      this.#hosts.set(id, host)
      this.#runs.set(id, run)
      const leave = () => this.#leave(id)
      const leaving = host.ended().then(leave, leave)
      this.#leaving.add(leaving)
      void leaving.finally(() => this.#leaving.delete(leaving))
      await this.#listen()
      host.start()
      return run
    } catch (error) {
      await ownership.release().catch(() => {})
      throw error
    }
  }

  async #host(ownership: Ownership, plan: Plan, functions: LoadedPlan['functions']): Promise<RunHost> {
    const { inspect, logger } = this.#options
    const { graceMs, maxResultBytes } = plan
    const redact = redactor(plan.secrets)
    const host = await RunHost.open({
      store: this.#store,
      machine: this.#machine,
      ownership,
      plan,
      clock: this.#clock,
      inspect,
      skillHost: {
        workers: this.#supply(plan.workers.max),
        clock: this.#clock,
        itemsModule: ITEMS_MODULE,
        graceMs,
        maxResultBytes,
        log: (message, data) => logger?.info(redactDeep({ run: ownership.id, ...data }, redact), redact(message)),
      },
      report: (restored) => reportOf({ store: this.#store, plan, functions, shown: this.database, now: this.#clock.now() }, restored),
    })
    this.#living.set(ownership.id, host)
    return host
  }

  #supply(max: number): Workers {
    const workers = this.#workers.get(max) ?? new Workers({ max })
    this.#workers.set(max, workers)
    return workers
  }

  /** An ended run is nobody's: it keeps its report, and gives back its connections, processes and files. */
  async #leave(id: string) {
    const host = this.#hosts.get(id)
    this.#hosts.delete(id)
    this.#runs.delete(id)
    await host?.stop(0)
    this.#living.delete(id)
  }

  #keeper(plan: Plan): RunKeeper {
    return {
      store: this.#store,
      shutdownMs: plan.shutdownMs,
      now: () => this.#clock.now(),
      report: (id) => this.report(id),
      obeyOnce: async (id, command: Command) => {
        const host = await this.#host(await this.#store.take(id), plan, {})
        try {
          await host.obeyOnce(command)
        } finally {
          await host.stop(0)
          this.#living.delete(id)
        }
      },
    }
  }

  /** Hears what other processes ask of the runs here. */
  #listen() {
    this.#stopNotices ??= this.#store.watch(null, (run) => void this.#hosts.get(run)?.obeyRequests())
    return this.#stopNotices
  }
}
