import { customAlphabet } from 'nanoid'
import { systemClock, type Clock } from './clock.ts'
import { databaseSecrets } from './environment.ts'
import { checkRunId, NotWrittenError, PlanFunctionsError } from './errors.ts'
import { databaseOf, directoryOf, openDatabase, type OpenedDatabase } from './host/database.ts'
import { checkOptions } from './host/checkOptions.ts'
import { continuation } from './host/continuation.ts'
import { Entrance } from './host/entrance.ts'
import { givenPlan } from './host/givenPlan.ts'
import { prepare, type Prepared, type Preparing } from './host/prepare.ts'
import { Ensemble, type HostManner } from './host/ensemble.ts'
import { ITEMS_MODULE } from './host/itemsModule.ts'
import { checkEvent, requireRun, soughtRun } from './host/lookUp.ts'
import { Patience } from './host/patience.ts'
import { watchOver } from './host/parting.ts'
import { planWarnings } from './host/planWarnings.ts'
import { reportOf } from './host/reportOf.ts'
import { storedRows } from './host/reportRows.ts'
import { skillChanges } from './host/skillChanges.ts'
import { PLAN_VERSION, storedPlan } from './host/storedPlan.ts'
import { storedReport } from './host/storedReport.ts'
import { viewOf, type RunView } from './host/view.ts'
import type { EventFact } from './persistence/facts.ts'
import type { Ownership, RunRow, RunSummary, Store, StoredEvent } from './persistence/store.ts'
import type { LoadedPlan, Plan, PlanInput } from './plan.ts'
import { redactorOf } from './redact.ts'
import type { Report } from './report/report.ts'
import type { ResumeOptions, StartOptions, TroupeOptions } from './host/options.ts'
import { Run, type RunKeeper } from './run.ts'
import { redacted } from './waiting.ts'

/** How long a close may take where there is no run whose plan says so, ms. */
const SHUTDOWN_MS = 5_000

/** Longer ago than any run, and still a time for PostgreSQL: some 3 000 years. */
const OLDEST_MS = 1e14

const newId = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 8)

/**
 * Opens the database, and with it everything that a run needs.
 * @throws {DatabaseUnreachableError} {@link SchemaTooNewError} {@link MigrationError}, and what the embedded PostgreSQL may say.
 */
export async function openTroupe(options: TroupeOptions = {}): Promise<Troupe> {
  checkOptions('openTroupe', options)
  const clock = options.clock ?? systemClock
  let ensemble: Ensemble | undefined
  const say = options.onWait && redacted(options.onWait, redactorOf(databaseSecrets([databaseOf(options)])))
  const database = await openDatabase({ ...options, onWait: say }, clock, (state, why) => ensemble?.connection(state, why))
  ensemble = new Ensemble({ database, clock, itemsModule: ITEMS_MODULE, logger: options.logger, inspect: options.inspect })
  const keepIn = database.store.kind === 'memory' ? undefined : directoryOf(options)
  return new Troupe(database, clock, ensemble, { say, keepIn })
}

/** Runs of this process, and a view of all others. */
export class Troupe implements AsyncDisposable {
  readonly #database: OpenedDatabase
  readonly #clock: Clock
  readonly #ensemble: Ensemble
  /** Those that work here. */
  readonly #runs = new Map<string, Run>()
  #closing: Promise<void> | undefined
  readonly #entrance = new Entrance()
  readonly #preparing: Preparing

  /** Use `openTroupe`. */
  constructor(database: OpenedDatabase, clock: Clock, ensemble: Ensemble, preparing: Pick<Preparing, 'say' | 'keepIn'> = {}) {
    this.#preparing = { ...preparing, signal: this.#entrance.signal }
    this.#database = database
    this.#clock = clock
    this.#ensemble = ensemble
  }

  get database(): string {
    return this.#database.shown
  }

  get #store(): Store {
    return this.#database.store
  }

  /**
   * Runs a plan, or goes on with the run that it began: a plan object, a plan that was loaded, or a file.
   * @throws {PlanError} {@link PlanConflictError} {@link RunHeldError} {@link RunIdError} {@link NothingToRetryError} {@link SkillLoadError} {@link InputError}
   */
  start(plan: PlanInput | LoadedPlan | string, options: StartOptions = {}): Promise<Run> {
    return this.#entrance.unlessClosed(() => this.#start(plan, options))
  }

  async #start(plan: PlanInput | LoadedPlan | string, options: StartOptions): Promise<Run> {
    checkOptions('start', options)
    const { plan: normal, functions, file } = await givenPlan(plan, options, this.#preparing.say)
    const here = options.id === undefined ? undefined : await this.#here(options.id)
    if (here && !options.retryFailed) return here
    const prepared = await prepare(normal, { ...this.#preparing, checkSkills: true })
    const found = await soughtRun(this.#store, prepared, { ...options, file }, this.#preparing)
    const how = { bail: options.bail, planFile: file }
    if (!found) return this.#create(prepared, functions, options.id ?? `${normal.name}-${newId()}`, how)
    return this.#goOn(found, prepared, functions, { ...options, ...how })
  }

  /**
   * Goes on with a stored run. A plan with functions in it must be given again.
   * @throws {RunNotFoundError} {@link RunHeldError} {@link PlanConflictError} {@link PlanFunctionsError}
   */
  resume(id: string, options: ResumeOptions = {}): Promise<Run> {
    return this.#entrance.unlessClosed(() => this.#resume(id, options))
  }

  async #resume(id: string, options: ResumeOptions): Promise<Run> {
    checkOptions('resume', options)
    const here = await this.#here(id)
    if (here) return here
    const row = await requireRun(this.#store, id)
    const { plan, functions, file } =
      options.plan === undefined ? planOf(row, options) : await givenPlan(options.plan, {}, this.#preparing.say)
    return this.#goOn(row, await prepare(plan, { ...this.#preparing, checkSkills: false }), functions, {
      ...options,
      planFile: file,
      byPerson: true,
    })
  }

  /** Follows a run from outside, wherever it lives. @throws {RunNotFoundError} */
  async attach(id: string): Promise<Run> {
    const here = this.#runs.get(id)
    if (here) return here
    const row = await requireRun(this.#store, id)
    return new Run(this.#keeper(storedPlan(row)), id, null, { resumed: true })
  }

  /** All runs, the newest first, at most 1 000. Plans and reports are left out: `report(id)` has them. */
  async list(filter: { name?: string; limit?: number } = {}): Promise<RunSummary[]> {
    // No plan has a name that the database could not keep.
    return filter.name?.includes('\0') ? [] : this.#store.list(filter)
  }

  /** The states of a run's actors, now or at a sequence. @throws {RunNotFoundError} */
  async show(id: string, options: { at?: number } = {}): Promise<RunView> {
    const row = await requireRun(this.#store, id)
    if (options.at !== undefined) await checkEvent(this.#store, id, options.at)
    return viewOf(this.#store, row, this.#clock.now(), options.at)
  }

  /** The events that are stored by now, oldest first, at most 1000: go on `after` the last one. @throws {RunNotFoundError} */
  async history(id: string, { after = 0 }: { after?: number } = {}): Promise<StoredEvent[]> {
    await requireRun(this.#store, id)
    return this.#store.events(id, after)
  }

  /** The report of a run: as stored at its end, or of what is known by now. @throws {RunNotFoundError} */
  async report(id: string): Promise<Report> {
    const row = await requireRun(this.#store, id)
    const stored = storedReport(row)
    if (stored) return stored
    const view = await viewOf(this.#store, row, this.#clock.now())
    const rows = await storedRows(this.#store, id)
    return reportOf({ store: this.#store, plan: view.plan, shown: this.database, now: this.#clock.now() }, { ...view, rows })
  }

  /** A new run that begins as another was at a sequence. Nobody owns it yet. @throws {RunNotFoundError} {@link RunExistsError} {@link RunIdError} */
  async fork(id: string, options: { at: number; id?: string }): Promise<string> {
    checkOptions('fork', options)
    const { at, id: newRun } = options
    if (newRun !== undefined) checkRunId(newRun)
    const { name } = await requireRun(this.#store, id)
    await checkEvent(this.#store, id, at)
    const row = await this.#store.fork(id, { at, id: newRun ?? `${name}-${newId()}` })
    return row.id
  }

  /** Deletes runs that ended longer ago than that. @returns their ids. @throws {UsageError} if that is no time. */
  async prune(options: { olderThanMs: number }): Promise<string[]> {
    checkOptions('prune', options)
    return this.#store.prune(Math.min(options.olderThanMs, OLDEST_MS))
  }

  /**
   * Stops the runs of this process gracefully, resumable, and leaves the database. One that is away or silent is waited for as long as what is in
   * flight may take. @throws {NotWrittenError} if outcomes could not be stored by then; all is closed nevertheless.
   */
  close(options: { shutdownMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.shutdownMs)
    return this.#closing
  }

  async [Symbol.asyncDispose]() {
    await this.close()
  }

  async #close(shutdownMs: number | undefined) {
    const { link } = this.#store
    const limitsMs = [...this.#runs.values()].map((run) => run.shutdownMs)
    await using _watch = watchOver(link, this.#clock, shutdownMs ?? (limitsMs.length > 0 ? Math.max(...limitsMs) : SHUTDOWN_MS))
    await this.#entrance.close()
    await Promise.all([...this.#runs.values()].map((run) => run.stop(shutdownMs)))
    await this.#ensemble.close()
    await this.#database.close()
    const lost = link?.unwritten().filter(({ items }) => items > 0) ?? []
    if (lost.length > 0) throw new NotWrittenError(lost, this.#database.gone?.())
  }

  /** A run that works in this process. One that is about to leave is waited for: then nobody has it. */
  async #here(id: string): Promise<Run | undefined> {
    const run = this.#runs.get(id)
    if (!run?.leaving) return run
    await run.leaving
    return this.#here(id)
  }

  async #create(prepared: Prepared, functions: LoadedPlan['functions'], id: string, how: HostManner): Promise<Run> {
    const { plan, fingerprint, skillVersions } = prepared
    const created = { id, name: plan.name, plan, planVersion: PLAN_VERSION, fingerprint, skillVersions }
    return this.#entrance.whole(async () => this.#open(await this.#store.create(created), plan, functions, { ...how, resumed: false }))
  }

  async #goOn(
    row: RunRow,
    prepared: Prepared,
    functions: LoadedPlan['functions'],
    options: HostManner & { retryFailed?: boolean; byPerson?: boolean },
  ): Promise<Run> {
    const plan = await continuation(row, prepared, this.#preparing)
    const { warnings, facts } = await skillChanges(this.#store, row, prepared, this.#clock.now())
    const here = await this.#here(row.id)
    if (here) return here
    if (row.finishedAt !== null && !options.retryFailed) return new Run(this.#keeper(plan), row.id, null, { resumed: true, warnings })
    const byPerson = options.byPerson === true || options.retryFailed === true
    const { bail, planFile } = options
    const how = { bail, planFile, resumed: true, byPerson, warnings, facts }
    const run = await this.#entrance.whole(async () => this.#open(await this.#store.take(row.id), plan, functions, how))
    if (options.retryFailed) await this.#retryFailed(run)
    return run
  }

  async #retryFailed(run: Run) {
    for (const [address, state] of Object.entries(this.#ensemble.scenariosOf(run.id))) {
      const failed = state.reason !== null || state.repetitions.some((r) => r.failed > 0)
      if (failed && (state.done || state.reason !== null)) await run.restart(address)
    }
  }

  async #open(
    ownership: Ownership,
    plan: Plan,
    functions: LoadedPlan['functions'],
    how: HostManner & { resumed: boolean; byPerson?: boolean; warnings?: string[]; facts?: EventFact[] },
  ): Promise<Run> {
    const { id } = ownership
    try {
      if (how.facts?.length) await this.#store.journal.append(ownership, how.facts)
      const host = await this.#ensemble.open(ownership, plan, functions, { ...how, onLeave: () => this.#runs.delete(id) })
      const before = how.resumed ? await this.#store.lastSequence(id) : 0
      const run = new Run(this.#keeper(plan), id, host, { ...how, before, warnings: [...planWarnings(plan), ...(how.warnings ?? [])] })
      this.#runs.set(id, run)
      this.#entrance.check()
      host.start({ byPerson: how.byPerson })
      return run
    } catch (error) {
      await ownership.release().catch(() => {})
      throw error
    }
  }

  #keeper(plan: Plan): RunKeeper {
    return {
      store: this.#store,
      shutdownMs: plan.shutdownMs,
      checkFilter: (filter) => checkOptions('results', filter),
      patience: (id) => new Patience(id, this.#preparing.say),
      now: () => this.#clock.now(),
      report: (id) => this.report(id),
      addresses: async (id) => {
        const { variants, scenarios } = storedPlan(await requireRun(this.#store, id))
        return Object.keys(variants).flatMap((variant) => scenarios.map(({ name }) => `${variant}/${name}`))
      },
      obeyOnce: async (id, command) => this.#ensemble.obeyOnce(await this.#store.take(id), plan, command),
    }
  }
}

/** Of an ended run that is only to be looked at, nothing is missing. */
function planOf(row: RunRow, { retryFailed }: { retryFailed?: boolean }): LoadedPlan {
  const plan = storedPlan(row)
  const goesOn = row.finishedAt === null || retryFailed === true
  if (goesOn && plan.functions.length > 0) throw new PlanFunctionsError(row.id, plan.functions)
  return { plan, functions: {} }
}
