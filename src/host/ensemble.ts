import type { InspectionEvent } from 'xstate'
import type { Clock } from '../clock.ts'
import { databaseSecrets, proxySecrets } from '../environment.ts'
import type { Command } from '../machines/orchestratorState.ts'
import type { Ownership } from '../persistence/store.ts'
import type { LoadedPlan, Plan } from '../plan.ts'
import { redactDeep, redactorOf, valuesOf } from '../redact.ts'
import { Workers } from '../skills/workers.ts'
import { cast } from './cast.ts'
import { openClassify } from './classify.ts'
import type { OpenedDatabase } from './database.ts'
import { reportOf } from './reportOf.ts'
import { RunHost } from './runHost.ts'

/** As pino's: the least that is needed of a logger. */
export interface Logger {
  info(data: object, message: string): void
  warn(data: object, message: string): void
}

export interface EnsembleOptions {
  database: OpenedDatabase
  clock: Clock
  /** URL of the module whose `openInput` opens a scenario's input. */
  itemsModule: string
  logger?: Logger
  inspect?: (event: InspectionEvent) => void
}

/** How a run is run here, this time. */
export interface HostManner {
  /** The first item that fails for good ends it. */
  bail?: boolean
  /** Where its plan was read from, as the user named it. */
  planFile?: string
}

/** The runs whose actors live in this process, and what they share: the machines, the worker processes, the ear for other processes' requests. */
export class Ensemble {
  readonly #options: EnsembleOptions
  readonly #machine: ReturnType<typeof cast>
  /** Every host whose actors live, those included that only obey one command. */
  readonly #living = new Map<string, RunHost>()
  /** Those that work. */
  readonly #working = new Map<string, RunHost>()
  readonly #leaving = new Set<Promise<void>>()
  /** By their number: plans that ask for as many share them. */
  readonly #workers = new Map<number, Workers>()

  constructor(options: EnsembleOptions) {
    this.#options = options
    this.#machine = cast(options.clock, (run) => this.#living.get(run)!)
  }

  /** Opens a run for work; `host.start()` begins it. It leaves by itself when it ends. */
  async open(
    ownership: Ownership,
    plan: Plan,
    functions: LoadedPlan['functions'],
    how: HostManner & { onLeave: () => void },
  ): Promise<RunHost> {
    const { id } = ownership
    const host = await this.#host(ownership, plan, functions, how)
    this.#working.set(id, host)
    const listening = this.#options.database.store.watchRequests(id, () => void host.obeyRequests())
    const leave = async () => {
      this.#working.delete(id)
      how.onLeave()
      const stopListening = await listening
      await stopListening()
      await this.#dismiss(id, host)
    }
    const leaving = host.ended().then(leave, leave)
    this.#leaving.add(leaving)
    void leaving.finally(() => this.#leaving.delete(leaving))
    await listening
    return host
  }

  /** Opens a run, obeys what others have asked of it, and then one command, and leaves again. */
  async obeyOnce(ownership: Ownership, plan: Plan, command: Command | null): Promise<void> {
    const host = await this.#host(ownership, plan, {})
    try {
      await host.obeyOnce(command)
    } finally {
      await this.#dismiss(ownership.id, host)
    }
  }

  async #dismiss(id: string, host: RunHost) {
    await host.stop(0)
    if (this.#living.get(id) === host) this.#living.delete(id)
  }

  scenariosOf(run: string) {
    return this.#working.get(run)?.scenarios() ?? {}
  }

  connection(state: 'lost' | 'back', why?: string) {
    if (why !== undefined) this.#options.logger?.warn({}, `waiting for the database: ${why}`)
    for (const host of this.#working.values()) host.connection(state)
  }

  /** Waits for those that are leaving, and gives back what all shared. */
  async close() {
    await Promise.all(this.#leaving)
    await Promise.all([...this.#workers.values()].map((workers) => workers.close()))
  }

  async #host(ownership: Ownership, plan: Plan, functions: LoadedPlan['functions'], how: HostManner = {}): Promise<RunHost> {
    const { bail = false, planFile } = how
    const { database, clock, itemsModule, logger, inspect } = this.#options
    const { graceMs, maxResultBytes } = plan
    const redact = redactorOf([...valuesOf(plan.secrets), ...databaseSecrets(database.secrets), ...proxySecrets()])
    const warn = (message: string) => logger?.warn({ run: ownership.id }, redact(message))
    const host = await RunHost.open({
      store: database.store,
      machine: this.#machine,
      ownership,
      plan,
      clock,
      inspect,
      functions: { skills: functions.skills, classify: await openClassify(plan, functions, warn) },
      skillHost: {
        workers: this.#supply(plan.workers.max),
        clock,
        itemsModule,
        graceMs,
        maxResultBytes,
        secrets: plan.secrets,
        redact,
        log: (message, data) => logger?.info(redactDeep({ run: ownership.id, ...data }, redact), redact(message)),
      },
      bail,
      report: (restored) =>
        reportOf({ store: database.store, plan, planFile, functions, shown: database.shown, now: clock.now() }, restored),
    })
    this.#living.set(ownership.id, host)
    return host
  }

  #supply(max: number): Workers {
    const workers = this.#workers.get(max) ?? new Workers({ max })
    this.#workers.set(max, workers)
    return workers
  }
}
