import { wait, type Clock } from '../clock.ts'
import { DatabaseFailedError, DatabaseLostError, NotWrittenError, OwnershipLostError, UnstorableFactError } from '../errors.ts'
import { unlessAborted } from '../waiting.ts'
import type { Fact, RunRef } from './facts.ts'
import type { Journal } from './journal.ts'
import { UnwrittenItems } from './unwritten.ts'
import type { SayWaiting } from './waitLines.ts'

export interface Entry {
  run: RunRef
  facts: readonly Fact[]
}

/** The database, as the group commit sees it. */
export interface FlushTarget {
  /** Writes all entries in one statement. @returns the ids of the runs whose epoch is stale: nothing of theirs is stored. */
  write(entries: readonly Entry[], again: boolean): Promise<ReadonlySet<string>>
  /** `contention`: the database chose us to give way, and nothing was stored. */
  classify(error: unknown): 'connection' | 'data' | 'contention' | 'other'
  /** Brings the server back, where that is ours to do, and asks for a sign of life. */
  revive(): Promise<void>
}

export interface GroupCommitOptions {
  target: FlushTarget
  clock: Clock
  random: () => number
  retryForMs: number
  /** Ends the waits for a database that is away: what is not stored by then is given up. */
  signal?: AbortSignal
  onConnection(state: 'lost' | 'back', why?: string): void
  /** Says, while it is away, for how long it is still waited for. */
  sayWaiting?: SayWaiting
  /** The directory in which the data were, where it is there no more. */
  gone?: () => string | null
}

interface Away {
  /** When it is given up. */
  until: number
  delay: number
  saying: Disposable | undefined
}

interface Waiting extends Entry {
  resolve(): void
  reject(error: unknown): void
}

const MAX_ENTRIES = 1_000
const MAX_BYTES = 8 * 1024 * 1024
const ACKNOWLEDGED_AT_ONCE = 128
const MAX_CONTENTIONS = 10
const FIRST_RETRY_MS = 50
const MAX_RETRY_MS = 2_000

/** Everything that waits goes into one statement, and the next takes all that arrived meanwhile. An idle process writes at once. */
export class GroupCommit implements Journal {
  readonly #options: GroupCommitOptions
  #waiting: Waiting[] = []
  #flushing: Promise<void> | undefined
  /** What was given up. */
  readonly unwritten = new UnwrittenItems()
  flushes = 0

  constructor(options: GroupCommitOptions) {
    this.#options = options
  }

  append(run: RunRef, facts: readonly Fact[]): Promise<void> {
    return facts.length === 0 ? Promise.resolve() : this.#enter(run, facts)
  }

  /** An entry without facts: all that is asked of the database is whose the run is. */
  confirm(run: RunRef): Promise<void> {
    return this.#enter(run, [])
  }

  #enter(run: RunRef, facts: readonly Fact[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run, facts, resolve, reject })
      // When nothing more is to be done at once: what else this turn has to write goes along.
      this.#flushing ??= new Promise<void>((done) => process.nextTick(() => void this.#flushAll().then(done)))
    })
  }

  /** Resolves when nothing waits any more. */
  async idle() {
    await this.#flushing
  }

  async #flushAll() {
    while (this.#waiting.length > 0) await this.#flush(withoutOvertaken(this.#take()), false)
    this.#flushing = undefined
  }

  #take(): Waiting[] {
    let bytes = 0
    let n = 0
    while (n < this.#waiting.length && n < MAX_ENTRIES && (n === 0 || bytes < MAX_BYTES)) {
      for (const fact of this.#waiting[n++]!.facts) bytes += resultBytes(fact)
    }
    return this.#waiting.splice(0, n)
  }

  /** `away`: since the database is, however often it comes back only to go again. */
  async #flush(entries: Waiting[], again: boolean, away?: Away, contentions = 0): Promise<void> {
    this.flushes++
    try {
      const stale = await this.#options.target.write(entries, again)
      // To answer is not yet to be back: it may be read-only, or its disk full.
      if (away) this.#isBack(away)
      // What waits goes first: then the database works while the process does.
      if (this.#waiting.length > 0) setImmediate(() => this.#acknowledge(entries, stale))
      else this.#acknowledge(entries, stale)
    } catch (error) {
      const kind = this.#options.target.classify(error)
      if (kind === 'contention' && contentions < MAX_CONTENTIONS) return this.#flush(entries, again, away, contentions + 1)
      if (kind === 'connection' || kind === 'contention') return this.#flushLater(entries, error, away)
      if (away) this.#isBack(away)
      if (kind === 'data' && entries.length > 1) return this.#bisect(entries, again)
      const gone = this.#gone()
      const failure = gone === null ? new DatabaseFailedError(error) : new DatabaseLostError(null, error, gone)
      for (const entry of entries) entry.reject(kind === 'data' ? new UnstorableFactError(entry.run.id, error) : failure)
    }
  }

  /** A part of them a turn: while the database works on what the first ones bring, the process works for the rest. */
  #acknowledge(entries: readonly Waiting[], stale: ReadonlySet<string>, from = 0) {
    const until = Math.min(from + ACKNOWLEDGED_AT_ONCE, entries.length)
    for (let i = from; i < until; i++) {
      const { run, resolve, reject } = entries[i]!
      if (stale.has(run.id)) reject(new OwnershipLostError(run.id, run.epoch))
      else resolve()
    }
    if (until < entries.length) setImmediate(() => this.#acknowledge(entries, stale, until))
  }

  /** One of them cannot be stored: find it, so that the others are. */
  async #bisect(entries: Waiting[], again: boolean) {
    const middle = Math.ceil(entries.length / 2)
    await this.#flush(entries.slice(0, middle), again)
    await this.#flush(entries.slice(middle), again)
  }

  /** The database is away: try again, with backoff and jitter, for as long as allowed. What was sent may have been stored. */
  async #flushLater(entries: Waiting[], cause: unknown, before?: Away) {
    const { clock, random, retryForMs, signal, onConnection } = this.#options
    if (signal?.aborted) return this.#giveUp(entries, before)
    const until = clock.now() + retryForMs
    const away = before ?? { until, delay: FIRST_RETRY_MS, saying: this.#options.sayWaiting?.(until) }
    if (before === undefined) onConnection('lost', cause instanceof Error ? cause.message : String(cause))
    const pause = async () => {
      await wait(clock, away.delay * (1 - random() / 2), signal).catch(() => {})
      away.delay = Math.min(away.delay * 2, MAX_RETRY_MS)
    }
    if (before !== undefined) await pause()
    const isGivenUp = () => before !== undefined && clock.now() >= away.until
    while (isGivenUp() || !(await this.#answers())) {
      if (signal?.aborted) return this.#giveUp(entries, away)
      if (clock.now() >= away.until) {
        away.saying?.[Symbol.dispose]()
        const lost = new DatabaseLostError(retryForMs, cause, this.#gone())
        for (const entry of [...entries, ...this.#waiting.splice(0)]) entry.reject(lost)
        return
      }
      await pause()
    }
    await this.#flush(entries, true, away)
  }

  /** Nobody waits for the database any more. What was sent may have been stored. */
  #giveUp(entries: readonly Waiting[], away: Away | undefined) {
    away?.saying?.[Symbol.dispose]()
    const all = [...entries, ...this.#waiting.splice(0)]
    for (const { run, facts } of all) this.unwritten.note(run.id, facts)
    for (const { run, reject } of all) reject(new NotWrittenError([this.unwritten.of(run.id)], this.#gone()))
  }

  #gone = () => this.#options.gone?.() ?? null

  #isBack({ saying }: Away) {
    saying?.[Symbol.dispose]()
    this.#options.onConnection('back')
  }

  async #answers(): Promise<boolean> {
    try {
      await unlessAborted(this.#options.target.revive(), this.#options.signal)
      return true
    } catch {
      return false
    }
  }
}

/** Length of the results in it: what makes a fact large. */
const resultBytes = (fact: Fact) => (fact.kind === 'batch' ? (fact.result?.length ?? 0) : fact.kind === 'kept' ? fact.results.length : 0)

/** Who has been overtaken by an owner in this very process need not be asked about: the newest epoch is the one to write with. */
function withoutOvertaken(entries: Waiting[]): Waiting[] {
  if (entries.length === 1) return entries
  const epochs = new Map<string, number>()
  for (const { run } of entries) epochs.set(run.id, Math.max(run.epoch, epochs.get(run.id) ?? 0))
  return entries.filter(({ run, reject }) => {
    if (run.epoch === epochs.get(run.id)) return true
    reject(new OwnershipLostError(run.id, run.epoch))
    return false
  })
}
