import { hostname } from 'node:os'
import { RunHeldError, RunNotFoundError, OwnershipLostError } from '../errors.ts'
import { arrayLiteral } from './batchColumns.ts'
import { Client } from './client.ts'
import { classifyDatabaseError, type Address } from './connection.ts'
import { rowOf, RUN_COLUMNS } from './runs.ts'
import type { Holder, NewRun, Owner, Ownership, RunRow } from './store.ts'

/** How often an owner says that it lives: what is known of the time of its death, to the second. */
const SIGN_OF_LIFE_MS = 1_000

/** Epoch ms, whole. */
const NOW = 'floor(extract(epoch from clock_timestamp()) * 1000)::float8'
const ownerNow = (host: string, pid: string) =>
  `jsonb_build_object('host', ${host}::text, 'pid', ${pid}::int, 'since', ${NOW}, 'seenAt', ${NOW})`

/** A take-over that waits for longer says for whom. */
const SILENT_MS = 500

/** How often an owner is asked for that does not say yet who it is, and how often at most: a second in all. */
const ASK_AGAIN_MS = 50
const MOST_ASKED = 20

const FIRST_RETRY_MS = 20
const MAX_RETRY_MS = 1_000

interface Held {
  epoch: number
  /** The connection that holds its lock. */
  session: number
  lost: Set<(error: Error) => void>
}

/**
 * A session advisory lock per run, on a connection that nothing else uses and nobody recycles: a process that dies frees its runs at once.
 * The lock keeps others out; what fences a stale owner is the epoch.
 */
export class Owners {
  readonly #reader: Client
  readonly #locks: Client
  readonly #held = new Map<string, Held>()
  /** A session may lock twice: two of one process that want the same run must not. */
  readonly #claimed = new Set<string>()
  /** Counts the connections that held our locks. */
  #session = 0
  #locking = false
  #signs: NodeJS.Timeout | undefined
  #closed = false

  readonly #onWait: ((line: string) => void) | undefined

  constructor(address: Address, reader: Client, onWait?: (line: string) => void) {
    this.#reader = reader
    this.#onWait = onWait
    this.#locks = new Client(address, { max: 1 }, () => {
      this.#session++
      void this.#lockAgain()
    })
  }

  async create(run: NewRun): Promise<Ownership> {
    return this.#claim(run.id, () => this.#create(run))
  }

  async take(id: string): Promise<Ownership> {
    return this.#claim(id, () => this.#take(id))
  }

  async #claim(id: string, own: () => Promise<Ownership>): Promise<Ownership> {
    if (this.#held.has(id) || this.#claimed.has(id)) throw new RunHeldError(id, { host: hostname(), pid: process.pid })
    this.#claimed.add(id)
    try {
      return await own()
    } finally {
      this.#claimed.delete(id)
    }
  }

  /** Locks and inserts in one round trip. */
  async #create(run: NewRun): Promise<Ownership> {
    const session = this.#session
    const parameters = [
      run.id,
      run.name,
      JSON.stringify(run.plan),
      run.fingerprint,
      JSON.stringify(run.skillVersions),
      hostname(),
      process.pid,
      run.planVersion ?? 1,
    ]
    try {
      const [row] = await this.#locks.sql.unsafe(
        `with lock as materialized (select pg_try_advisory_lock(hashtextextended($1::text, 7227)) as locked)
         insert into troupe.runs as r (id, name, plan, plan_version, fingerprint, skill_versions, status, epoch, owner)
         select $1::text, $2::text, $3::text::jsonb, $8::int, $4::text, $5::text::jsonb, 'pending', 1, ${ownerNow('$6', '$7')} from lock where locked
         returning ${RUN_COLUMNS}, ${NOW} as now`,
        parameters,
        { prepare: true },
      )
      if (!row) throw await this.#refusal(run.id)
      return this.#own(rowOf(row), { session, seenAt: Number(row.now), now: Number(row.now) })
    } catch (error) {
      if (classifyDatabaseError(error) === 'data') await this.#unlock(run.id)
      throw error
    }
  }

  async #take(id: string): Promise<Ownership> {
    const session = this.#session
    if (!(await this.#tryLock(id))) throw await this.#refusal(id)
    const silence = setTimeout(() => void this.#sayWait(id).catch(() => {}), SILENT_MS)
    try {
      // Waits for whatever the owner before has in flight: its statement holds the row `for share`.
      const [row] = await this.#reader.sql.unsafe(
        `with before as (select id, owner from troupe.runs where id = $1::text for update)
         update troupe.runs r set epoch = epoch + 1, owner = ${ownerNow('$2', '$3')} from before b where r.id = b.id
         returning ${RUN_COLUMNS}, ${NOW} as now,
           greatest((b.owner->>'seenAt')::float8, (select round(extract(epoch from max(at)) * 1000)::float8 from troupe.events e where e.run = r.id)) as seen_at`,
        [id, hostname(), process.pid],
        { prepare: true },
      )
      if (!row) throw new RunNotFoundError(id)
      const now = Number(row.now)
      return this.#own(rowOf(row), { session, seenAt: Math.min(Number(row.seen_at ?? now), now), now })
    } catch (error) {
      await this.#unlock(id).catch(() => {})
      throw error
    } finally {
      clearTimeout(silence)
    }
  }

  async #sayWait(id: string) {
    // One that has let go of it may still have a write under way.
    const [owner] = await this.#reader.sql`select owner->>'host' as host, owner->>'pid' as pid from troupe.runs where id = ${id}`
    const whose = owner?.pid ? `process ${owner.pid} on ${owner.host}` : 'another process'
    this.#onWait?.(`waiting for a write of ${whose} to run "${id}" that is under way`)
  }

  async isHeld(id: string): Promise<boolean> {
    return this.#held.has(id) || (await this.holder(id)) !== null
  }

  async holder(id: string): Promise<Holder | null> {
    const [row] = await this.#reader.sql.unsafe(
      `select exists (select from pg_locks, (select hashtextextended($1::text, 7227)) k(key) where locktype = 'advisory' and granted and objsubid = 1
        and database = (select oid from pg_database where datname = current_database())
        and classid = ((key >> 32) & 4294967295)::oid and objid = (key & 4294967295)::oid) as held,
        (select owner from troupe.runs where id = $1::text) as owner, ${NOW} as now`,
      [id],
      { prepare: true },
    )
    const { held, owner, now } = row as unknown as { held: boolean; owner: (Owner & { released?: boolean }) | null; now: number }
    const whose = owner === null || owner.released ? null : owner
    if (this.#held.has(id)) return { owner: whose && { ...whose, seenAt: now }, now }
    return held ? { owner: whose, now } : null
  }

  /** Who has just taken a run says a moment later who it is. */
  async #refusal(id: string): Promise<RunHeldError> {
    for (let asked = 1; ; asked++) {
      const holder = await this.holder(id)
      if (holder === null || holder.owner !== null || asked === MOST_ASKED) return new RunHeldError(id, holder?.owner ?? null)
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS))
    }
  }

  async close({ timeout = 1 }: { timeout?: number } = {}) {
    this.#closed = true
    clearInterval(this.#signs)
    await this.#locks.end({ timeout })
  }

  async #tryLock(id: string): Promise<boolean> {
    const [row] = await this.#locks.sql<{ locked: boolean }[]>`select pg_try_advisory_lock(hashtextextended(${id}, 7227)) as locked`
    return row!.locked
  }

  async #unlock(id: string) {
    await this.#locks.sql`select pg_advisory_unlock(hashtextextended(${id}, 7227))`
  }

  #own(row: RunRow, { session, seenAt, now }: { session: number; seenAt: number; now: number }): Ownership {
    const held: Held = { epoch: row.epoch, session, lost: new Set() }
    this.#held.set(row.id, held)
    if (session !== this.#session) void this.#lockAgain()
    this.#signs ??= setInterval(() => void this.#showLife(), SIGN_OF_LIFE_MS).unref()
    return {
      id: row.id,
      epoch: row.epoch,
      row,
      seenAt,
      now,
      onLost: (listener) => void held.lost.add(listener),
      release: async ({ ended = false } = {}) => {
        if (this.#held.get(row.id) !== held) return
        this.#held.delete(row.id)
        if (this.#held.size === 0) {
          clearInterval(this.#signs)
          this.#signs = undefined
        }
        if (ended) return this.#unlock(row.id)
        // The lock may be free before the row is written: whoever takes the run waits for the row.
        await this.#locks.sql.unsafe(
          `with left_at as (update troupe.runs set owner = owner || jsonb_build_object('seenAt', ${NOW}, 'released', true) where id = $1::text and epoch = $2::int)
           select pg_advisory_unlock(hashtextextended($1::text, 7227))`,
          [row.id, row.epoch],
          { prepare: true },
        )
      },
    }
  }

  #lose(id: string, held: Held) {
    if (this.#held.get(id) !== held) return
    this.#held.delete(id)
    const error = new OwnershipLostError(id, held.epoch)
    for (const listener of held.lost) listener(error)
  }

  async #showLife() {
    const held = [...this.#held]
    const ids = arrayLiteral(held.map(([id]) => id))
    const epochs = arrayLiteral(held.map(([, { epoch }]) => epoch))
    const rows = await this.#reader.sql
      .unsafe(
        // In the order in which flushes lock them: no deadlock.
        `with alive as materialized (
           select r.id from troupe.runs r join unnest($1::text[], $2::int[]) e(id, epoch) on r.id = e.id and r.epoch = e.epoch order by r.id for no key update of r
         )
         update troupe.runs r set owner = owner || jsonb_build_object('seenAt', ${NOW}) from alive where r.id = alive.id returning r.id`,
        [ids, epochs],
        { prepare: true },
      )
      .catch(() => null)
    if (!rows) return
    const ours = new Set(rows.map((row) => row.id as string))
    for (const [id, run] of held) if (!ours.has(id)) this.#lose(id, run)
  }

  /** The connection broke, and with it the locks. Whoever took a run meanwhile has it. */
  async #lockAgain() {
    if (this.#locking) return
    this.#locking = true
    for (let delay = FIRST_RETRY_MS; !this.#closed; ) {
      const unlocked = [...this.#held].filter(([, { session }]) => session !== this.#session)
      if (unlocked.length === 0) break
      const areLocked = await this.#lockAll(unlocked).catch(() => false)
      if (areLocked) {
        delay = FIRST_RETRY_MS
        continue
      }
      await new Promise((resolve) => setTimeout(resolve, delay).unref())
      delay = Math.min(delay * 2, MAX_RETRY_MS)
    }
    this.#locking = false
  }

  /** @returns whether none is left that has to be tried again. */
  async #lockAll(unlocked: readonly [string, Held][]): Promise<boolean> {
    let areLocked = true
    for (const [id, held] of unlocked) {
      const session = this.#session
      if (await this.#tryLock(id)) {
        if (this.#held.get(id) === held) held.session = session
        else await this.#unlock(id)
        // The server may not know yet that our connection has ended: then the lock is with nobody else, and the epoch is ours.
      } else if (await this.#isOurs(id, held.epoch)) areLocked = false
      else this.#lose(id, held)
    }
    return areLocked
  }

  async #isOurs(id: string, epoch: number): Promise<boolean> {
    const [row] = await this.#reader.sql<{ epoch: number }[]>`select epoch from troupe.runs where id = ${id}`
    return row?.epoch === epoch
  }
}
