import { createActor, waitFor, type InspectionEvent } from 'xstate'
import type { Gate } from '../actors/gate.ts'
import { Ledger } from '../actors/ledger.ts'
import { releaseFact, type ReleaseInput } from '../actors/release.ts'
import type { Stage } from '../actors/stage.ts'
import type { UnconfirmedInput } from '../actors/unconfirmed.ts'
import type { Clock } from '../clock.ts'
import { RunStoppedError } from '../errors.ts'
import type { orchestratorMachine } from '../machines/orchestrator.ts'
import type { Command, RunEvent, RunState } from '../machines/orchestratorState.ts'
import { runReasonOf, runStatusOf } from '../machines/orchestratorStep.ts'
import type { ScenarioState } from '../machines/scenarioState.ts'
import { addressOf, isFinal } from '../machines/scenarioStep.ts'
import type { Fact } from '../persistence/facts.ts'
import type { Ownership, Store, Unconfirmed } from '../persistence/store.ts'
import type { Plan } from '../plan.ts'
import type { Report } from '../report/report.ts'
import type { SkillHost } from '../skills/host.ts'
import type { ReportStates } from './gather.ts'
import { openGates } from './gates.ts'
import { bail, failedIn } from './bail.ts'
import { judge } from './judge.ts'
import { progressOf, type RunProgress } from './progress.ts'
import { finalRows, PassingRows } from './reportRows.ts'
import { Recorder, type OrchestratorRef, type ScenarioRef } from './recorder.ts'
import { Requests } from './requests.ts'
import { restore, type Interruption, type Restored } from './restore.ts'
import { runSpecOf } from './specs.ts'
import { closeLanes, closeStages, handsEmpty, openStages, type StageFunctions } from './stages.ts'

export interface RunHostOptions {
  store: Store
  /** With its actors provided (`cast`); they find this run by its id. */
  machine: typeof orchestratorMachine
  ownership: Ownership
  plan: Plan
  clock: Clock
  skillHost: SkillHost
  functions: StageFunctions
  inspect?: (event: InspectionEvent) => void
  /** The first item that fails for good ends the run. */
  bail: boolean
  /** The report to store with the end of the run. */
  report(states: ReportStates): Promise<Report>
}

/** One run in this process: its actors, what they write, and what is asked of them. */
export class RunHost {
  readonly #options: RunHostOptions
  readonly #ledger: Ledger
  readonly #gates: ReadonlyMap<string, Gate>
  readonly #stages: Map<string, Stage>
  /** Where this process has written all of the run. */
  readonly #passing: PassingRows | undefined
  readonly #recorder: Recorder
  readonly #requests: Requests
  readonly #finished = Promise.withResolvers<Report | 'stopped'>()
  #finishing: Promise<void> = Promise.resolve()
  /** Its end is stored, and nothing has been asked of it since. */
  #hasFinished = false
  #hasBailed = false
  readonly #interruption: Interruption | undefined
  #fatal: unknown
  #stopping: Promise<void> | undefined
  readonly actor: OrchestratorRef

  static async open(options: RunHostOptions): Promise<RunHost> {
    const { store, ownership, plan, clock } = options
    const { recoveryAttempts, ...planned } = runSpecOf(plan, ownership.id)
    const spec = { ...planned, recoveryAttempts: options.bail ? 0 : recoveryAttempts }
    const now = clock.now()
    // A fork has no rows of its actors yet: its first owner rebuilds them.
    const begun = ownership.row.startedAt !== null
    const at = begun && ownership.epoch === 1 ? await store.lastSequence(ownership.id) : undefined
    const restored: Restored | null = begun
      ? await restore({ store, spec, now, seenAt: now - (ownership.now - ownership.seenAt), at })
      : null
    let host: RunHost | undefined
    const onFatal = (error: unknown) => host?.fail(error)
    const passing = begun ? undefined : new PassingRows()
    const ledger = new Ledger(store.journal, ownership, plan.durability, onFatal, (facts) => {
      passing?.note(facts)
      if (options.bail) host?.bail(failedIn(facts))
    })
    const gates = openGates(spec.breakers, restored?.breakers ?? {}, clock)
    const kept = begun ? await store.kept(ownership.id) : []
    const stages = await openStages({ ...options, run: ownership.id, kept, ledger, gates, scenarios: restored?.scenarios ?? {}, onFatal })
    host = new RunHost(options, spec, restored, ledger, gates, stages, passing)
    return host
  }

  private constructor(
    options: RunHostOptions,
    spec: ReturnType<typeof runSpecOf>,
    restored: Restored | null,
    ledger: Ledger,
    gates: ReadonlyMap<string, Gate>,
    stages: Map<string, Stage>,
    passing: PassingRows | undefined,
  ) {
    const { ownership, clock } = options
    this.#options = options
    this.#ledger = ledger
    this.#gates = gates
    this.#stages = stages
    this.#passing = passing
    this.#interruption = restored?.interruption
    const snapshot = restored?.snapshot ?? undefined
    this.actor = createActor(options.machine, { input: spec, snapshot, clock, inspect: options.inspect })
    this.#recorder = new Recorder(this.actor, ledger, (facts) => this.#finish(facts))
    this.actor.subscribe({ error: (error) => this.fail(error) })
    this.#requests = new Requests({
      run: ownership.id,
      store: options.store,
      clock,
      ledger,
      command: (command, request) => this.command(command, request),
      isOver: () => this.over,
    })
    ownership.onLost((error) => this.fail(error))
  }

  /** Starts a new run, or lets a restored one go on. `byPerson`: who has just mended something does not wait for a breaker's cooldown. */
  start({ byPerson = false }: { byPerson?: boolean } = {}) {
    this.#begin(this.#options.clock.now(), byPerson)
    void this.obeyRequests()
  }

  #begin(at: number, byPerson = false) {
    const fresh = this.actor.getSnapshot().context.startedAt === null
    const hadEnded = isFinal(this.status)
    this.actor.start()
    this.#send(fresh ? { type: 'run.start', at } : { type: 'run.resume', byPerson, at })
    if (fresh) return
    const isOver = hadEnded && isFinal(this.status)
    const isStored = this.#options.ownership.row.finishedAt !== null
    if (this.#interruption && !(isOver && isStored)) this.#recorder.resumed(this.#interruption, at)
    // Nothing tells of an end that came before; what ends now says so itself.
    if (isOver && !isStored) this.#recorder.end(at)
  }

  /** Obeys, and does nothing else: the scenarios say how far they are, and their lanes take no batch. */
  async obeyOnce(command: Command | null) {
    closeLanes(this.#stages)
    this.#begin(this.#options.clock.now())
    await this.obeyRequests()
    if (command) await this.command(command)
  }

  stageOf(scenario: string): Stage {
    return this.#stages.get(scenario)!
  }

  gateOf(variant: string): Gate {
    return this.#gates.get(variant)!
  }

  /** For the actors that write before they go on: durable, or as the durability allows. */
  release(release: ReleaseInput & { releasedAt: number }): Promise<void> {
    return this.#ledger.settle([releaseFact(release, this.#recorder.statuses())])
  }

  unconfirmed({ run: _run, scenario: address, size, from, ...round }: UnconfirmedInput): Promise<Unconfirmed> {
    const { variant, scenario } = this.stageOf(address)
    const { store, ownership } = this.#options
    return this.#ledger.drain().then(() => store.unconfirmed(ownership.id, { variant, scenario, ...round }, { size, from }))
  }

  get status() {
    return runStatusOf(this.actor.getSnapshot().context)
  }

  /** Resolves when the run has ended and its report is stored, or when it was stopped. @throws what ended it from outside. */
  ended(): Promise<Report | 'stopped'> {
    return this.#finished.promise
  }

  /** The report of its end. @throws {RunStoppedError} if it was stopped before, and what ended it from outside. */
  async finished(): Promise<Report> {
    const end = await this.ended()
    if (end === 'stopped') throw new RunStoppedError(this.#options.ownership.id)
    return end
  }

  /**
   * Resolves when it is durable. `request`: whose answer is to be stored with what the command does, so that it is never obeyed twice.
   * @throws {CommandRefusedError} if it makes no sense now.
   */
  async command(command: Command, request?: number): Promise<void> {
    await this.#finishing
    this.#hasFinished = false
    if (judge(this.actor.getSnapshot().context, command) === 'apply') this.#send(command)
    if (command.type === 'run.cancel') await this.#ended(command.scenario)
    if (request !== undefined) this.#recorder.answer(request, this.#options.clock.now())
    await Promise.resolve()
    await this.#ledger.drain()
    await this.#finishing
  }

  /** Lanes that are told to end let go of what they have first. */
  async #ended(scenario: string | undefined) {
    const isOver = ({ members }: RunState) =>
      Object.entries(members).every(([address, { status }]) => isFinal(status) || (scenario !== undefined && address !== scenario))
    await waitFor(this.actor, ({ context }) => isOver(context)).catch(() => {
      throw this.#fatal ?? new RunStoppedError(this.#options.ownership.id)
    })
  }

  /** What other processes have asked for, in order, each once. Each answer is stored. */
  obeyRequests(): Promise<void> {
    return this.#requests.obey()
  }

  /** It obeys no more: it was stopped, it failed, or it left after its end. */
  get over(): boolean {
    return this.#stopping !== undefined
  }

  /** A turn later: who says that an item failed is still at work. */
  bail(scenario: string | undefined) {
    if (scenario === undefined || this.#hasBailed) return
    this.#hasBailed = true
    queueMicrotask(() => this.#fatal ?? bail(this.actor, scenario, this.#options.clock.now()))
  }

  connection(state: 'lost' | 'back') {
    this.#send({ type: state === 'lost' ? 'database.lost' : 'database.back', at: this.#options.clock.now() })
  }

  /** Stops gracefully: what is in flight may end within `shutdownMs`, the rest is aborted; everything is stored, and can be resumed. */
  stop(shutdownMs: number): Promise<void> {
    this.#stopping ??= this.#stop(shutdownMs)
    return this.#stopping
  }
  /** What no scenario can mend: stop without any further effect, and tell whoever waits. */
  fail(error: unknown) {
    if (this.#fatal !== undefined) return
    this.#fatal = error
    this.#recorder.stop()
    this.actor.stop()
    this.#finished.reject(error)
    this.#finished.promise.catch(() => {})
    void this.stop(0)
  }

  async #stop(shutdownMs: number) {
    const { clock, ownership } = this.#options
    if (!isFinal(this.status)) closeLanes(this.#stages)
    await handsEmpty(this.#stages, clock, clock.now() + shutdownMs)
    this.#recorder.flush()
    this.actor.stop()
    await closeStages(this.#stages)
    await this.#ledger.drain().catch((error) => this.fail(error))
    await this.#finishing.catch(() => {})
    await ownership.release({ ended: this.#hasFinished }).catch(() => {})
    this.#finished.resolve('stopped')
  }

  #send(event: RunEvent) {
    if (this.#fatal === undefined && this.actor.getSnapshot().status === 'active') this.actor.send(event)
  }

  /** Everything before it first, then the end and its report together. */
  #finish(facts: Fact[]) {
    const finish = async () => {
      const run = this.actor.getSnapshot().context
      const scenarios = this.scenarios()
      await this.#ledger.drain()
      const { store, ownership } = this.#options
      const rows = await finalRows(store, ownership.id, { passing: this.#passing, scenarios: Object.values(scenarios), facts })
      const report = await this.#options.report({ run, scenarios, breakers: this.#recorder.breakers(), rows })
      const { startedAt, finishedAt } = run
      const row: Fact = { kind: 'run', status: runStatusOf(run), reason: runReasonOf(run), startedAt, finishedAt, report }
      await this.#ledger.commit([...facts, row])
      this.#hasFinished = true
      this.#finished.resolve(report)
    }
    this.#finishing = finish()
    this.#finishing.catch((error) => this.fail(error))
  }

  /** The states of all scenarios, with what their lanes have not said yet. */
  scenarios(): Record<string, ScenarioState> {
    for (const stage of this.#stages.values()) stage.tell()
    return this.#states()
  }

  /** At this moment, as far as the scenarios know it themselves: to look changes nothing. */
  progress(): RunProgress {
    return progressOf(this.#options.clock.now(), this.#states(), this.#stages, this.#recorder.breakers())
  }

  #states(): Record<string, ScenarioState> {
    const { children, context } = this.actor.getSnapshot()
    return Object.fromEntries(
      context.spec.scenarios.map((s) => [addressOf(s), (children[addressOf(s)] as unknown as ScenarioRef).getSnapshot().context]),
    )
  }
}
