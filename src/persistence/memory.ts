import type { Clock } from '../clock.ts'
import { OwnershipLostError, RunExistsError, RunNotFoundError, UnstorableFactError } from '../errors.ts'
import type { Fact, RunRef } from './facts.ts'
import { forkOf } from './memory/fork.ts'
import {
  checkpointsOf,
  errorsOf,
  eventsOf,
  backoffsOf,
  firstErrorsOf,
  lastSequenceOf,
  milestonesOf,
  requestsOf,
  resultsOf,
  sumsOf,
} from './memory/history.ts'
import { MemoryOwners } from './memory/owners.ts'
import { confirmedSpansOf, skillEventsOf } from './memory/programs.ts'
import { actorsOf, batchesOf, breakersOf, keptOf, unconfirmedOf } from './memory/restorePoint.ts'
import { emptyRun, type MemoryRun } from './memory/rows.ts'
import { jsonCopy } from './memory/storable.ts'
import { storeFacts } from './memory/storeFacts.ts'
import { Watchers } from './memory/watchers.ts'
import type { NewRun, Ownership, Request, RoundRef, RunFilter, RunRow, Store } from './store.ts'

/** A store without a database, gone with its process. It observes the same rules as PostgreSQL, fencing included. */
export const openMemoryStore = ({ clock }: { clock: Clock }): Store => new MemoryStore(clock)

class MemoryStore implements Store {
  readonly kind = 'memory'
  readonly journal = { append: (run: RunRef, facts: readonly Fact[]) => this.#append(run, facts) }
  readonly #clock: Clock
  readonly #owners: MemoryOwners
  readonly #watchers = new Watchers()
  readonly #requestWatchers = new Watchers()
  /** In the order in which they were made. */
  readonly #runs = new Map<string, MemoryRun>()
  #sequence = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#owners = new MemoryOwners(clock)
  }

  async create(made: NewRun): Promise<Ownership> {
    this.#owners.refuseHeld(made.id)
    this.#refuseTaken(made.id)
    const run = emptyRun(jsonCopy(made), this.#clock.now())
    this.#runs.set(made.id, run)
    return this.#owners.own(run)
  }

  async take(id: string): Promise<Ownership> {
    this.#owners.refuseHeld(id)
    return this.#owners.own(this.#existing(id))
  }

  async get(id: string) {
    const run = this.#runs.get(id)
    return run ? jsonCopy(run.row) : null
  }

  async find({ fingerprint, name, unfinished, limit = 1_000 }: RunFilter) {
    return [...this.#runs.values()]
      .map((run) => run.row)
      .filter((row) => (fingerprint ?? row.fingerprint) === row.fingerprint && (name ?? row.name) === row.name)
      .filter((row) => !unfinished || row.finishedAt === null)
      .toReversed()
      .slice(0, limit)
      .map(jsonCopy)
  }

  async list(filter: RunFilter) {
    const rows = await this.find(filter)
    return rows.map(({ plan: _plan, planVersion: _version, skillVersions: _skills, report, ...row }) => {
      const progressPct = row.finishedAt === null ? null : progressOf(row.status, report)
      const { elapsedMs = null } = (report ?? {}) as { elapsedMs?: number | null }
      const { startedAt, finishedAt } = row
      return { ...row, progressPct, elapsedMs: finishedAt === null ? null : (elapsedMs ?? (startedAt && finishedAt - startedAt)) }
    })
  }

  async ids(limit: number) {
    return [...this.#runs.keys()].toReversed().slice(0, limit)
  }

  async isHeld(id: string) {
    return this.#owners.isHeld(id)
  }

  async holder(id: string) {
    if (!this.#owners.isHeld(id)) return null
    const now = this.#clock.now()
    const owner = this.#runs.get(id)?.row.owner ?? null
    return { owner: owner && { ...owner, seenAt: now }, now }
  }

  async actors(run: string, at?: number) {
    return actorsOf(this.#read(run), at)
  }

  async batchesFrom(run: string, round: RoundRef, fromItem: number, at?: number) {
    return batchesOf(this.#read(run), round, fromItem, at)
  }

  async kept(run: string) {
    return keptOf(this.#read(run))
  }

  async unconfirmed(run: string, round: RoundRef, options: { size: number; from: number; at?: number }) {
    return unconfirmedOf(this.#read(run), round, options)
  }

  results(run: string, filter: { variant?: string; scenario?: string }) {
    return resultsOf(this.#read(run), filter)
  }

  async events(run: string, after: number, limit = 1_000) {
    return eventsOf(this.#read(run), after, limit)
  }

  async skillEvents(run: string) {
    return skillEventsOf(this.#read(run))
  }

  async confirmedSpans(run: string, sequences: readonly number[]) {
    return confirmedSpansOf(this.#read(run), sequences)
  }

  async errors(run: string, limit: number) {
    return errorsOf(this.#read(run), limit)
  }

  async backoffs(run: string) {
    return backoffsOf(this.#read(run))
  }

  async firstErrors(run: string) {
    return firstErrorsOf(this.#read(run))
  }

  async breakers(run: string) {
    return breakersOf(this.#read(run))
  }

  async checkpoints(run: string) {
    return checkpointsOf(this.#read(run))
  }

  async milestones(run: string, at?: number) {
    return milestonesOf(this.#read(run), at)
  }

  async sums(run: string) {
    return sumsOf(this.#read(run))
  }

  async lastSequence(run: string) {
    return lastSequenceOf(this.#read(run))
  }

  async fork(run: string, { at, id }: { at: number; id: string }) {
    const forked = forkOf(this.#existing(run), { at, id, now: this.#clock.now() })
    this.#refuseTaken(id)
    this.#runs.set(id, forked)
    return jsonCopy(forked.row)
  }

  async prune(olderThanMs: number) {
    const until = this.#clock.now() - olderThanMs
    const gone = [...this.#runs.values()].filter(({ row }) => row.finishedAt !== null && row.finishedAt < until).map(({ row }) => row.id)
    for (const id of gone) {
      this.#runs.delete(id)
      this.#owners.forget(id)
    }
    return gone.sort()
  }

  async request(run: string, { type, scenario, variant, fresh }: Omit<Request, 'sequence'>) {
    const { events, requests } = this.#existing(run)
    const sequence = ++this.#sequence
    const data = { command: type, scenario, variant, fresh }
    events.push({ kind: 'event', at: this.#clock.now(), actor: 'command', type: 'request.made', data, sequence })
    requests.push({ sequence, type, scenario, variant, fresh })
    this.#watchers.tell(run)
    this.#requestWatchers.tell(run)
    return sequence
  }

  async requests(run: string) {
    return requestsOf(this.#read(run))
  }

  async watch(run: string | null, onNews: (run: string) => void) {
    return this.#watchers.watch(run, onNews)
  }

  async watchRequests(run: string | null, onNews: (run: string) => void) {
    return this.#requestWatchers.watch(run, onNews)
  }

  async close() {
    this.#watchers.close()
    this.#requestWatchers.close()
  }

  async #append(ref: RunRef, facts: readonly Fact[]) {
    if (facts.length === 0) return
    const run = this.#runs.get(ref.id)
    if (run?.row.epoch !== ref.epoch) throw new OwnershipLostError(ref.id, ref.epoch)
    try {
      storeFacts(run, facts, () => ++this.#sequence)
    } catch (cause) {
      throw new UnstorableFactError(ref.id, cause)
    }
    if (facts.some((fact) => fact.kind === 'event')) this.#watchers.tell(ref.id)
  }

  /** What is known of a run that there is not: nothing. */
  #read(id: string): MemoryRun {
    return this.#runs.get(id) ?? emptyRun({ id, name: '', plan: {}, fingerprint: '', skillVersions: {} }, 0)
  }

  #existing(id: string): MemoryRun {
    const run = this.#runs.get(id)
    if (!run) throw new RunNotFoundError(id)
    return run
  }

  #refuseTaken(id: string) {
    if (this.#runs.has(id)) throw new RunExistsError(id)
  }
}

function progressOf(status: RunRow['status'], report: object | null): number | null {
  if (status === 'complete') return 100
  const { scenarios = [] } = (report ?? {}) as { scenarios?: { size: number; repetitions: number; items: number; itemsFailed: number }[] }
  if (scenarios.length === 0) return null
  const whole = scenarios.reduce((sum, { size, repetitions }) => sum + size * repetitions, 0)
  return Math.floor((scenarios.reduce((sum, { items, itemsFailed }) => sum + items + itemsFailed, 0) * 100) / whole)
}
