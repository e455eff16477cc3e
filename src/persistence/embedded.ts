import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, wait } from '../clock.ts'
import { EmbeddedDataDamagedError, EmbeddedHeldError, EmbeddedNotWritableError, EmbeddedTimeoutError } from '../errors.ts'
import { reach, type Connection, type Transport } from './embedded/address.ts'
import { askServer } from './embedded/clients.ts'
import { findHome, inspectData, makeHome, type Home } from './embedded/home.ts'
import { PATIENCE, signAs, Watch, type Deed, type Patience } from './embedded/holder.ts'
import { lock, tryLock, type HeldLock } from './embedded/lock.ts'
import { readPostmaster } from './embedded/postmaster.ts'
import { startServer, stopServer, type StartOptions } from './embedded/server.ts'

/** Long, because a server recovers in it what a crash has left, and short enough to be told that it hangs. */
export const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000
/** Who leaves waits less: the next who does stops the server. */
const LEAVING: Patience = { ...PATIENCE, stillMs: 3_000 }
/** PostgreSQL notices a closed connection a little later than its owner. */
const FOREIGN_CLIENT_CHECKS = 10
const FOREIGN_CLIENT_POLL_MS = 25

export interface EmbeddedServer {
  /** Ready for postgres.js: `postgres({ ...connection })`. */
  connection: Connection
  dataDirectory: string
  /** Its data are not there any more: somebody has deleted them. */
  isGone(): boolean
  /** Leaves; the last process out stops the server. Safe to call twice. */
  release(): Promise<void>
  /** Starts it again if it is down (a crash, somebody's stop): used when connections fail in mid-run. */
  revive(): Promise<void>
}

export interface EmbeddedOptions {
  /** The `.troupe` directory. Data are in `<directory>/postgres`, the server's log in `<directory>/postgres.log`. */
  directory: string
  /** Called when this process is about to make a cluster, and to start a server; not if it finds one running. */
  onStart?: (what: 'initializing' | 'starting') => void
  /** For a start or a revival, waiting for others who are at it included. Default 60 000 ms. */
  timeoutMs?: number
  /** Default: a socket; on Windows loopback. */
  transport?: Transport
  /** Told for whom the start waits, where others are at it. */
  onWait?: ((line: string) => void) | undefined
  /** Ends the wait for others. */
  signal?: AbortSignal | undefined
  /** For tests. */
  patience?: Patience | undefined
}

/** How others are waited for. */
type Manner = Pick<EmbeddedOptions, 'onWait' | 'signal' | 'patience'> & { deadline: number }

/**
 * Enters the embedded database of `directory`: made if there is none, started if nobody runs it, shared with all who do.
 * Keep what is returned for as long as you are in.
 *
 * @throws {EmbeddedBinariesError} No PostgreSQL for this platform.
 * @throws {EmbeddedDataDamagedError}
 * @throws {EmbeddedVersionError} The data are of another major version of PostgreSQL.
 * @throws {EmbeddedNotWritableError}
 * @throws {EmbeddedTimeoutError}
 * @throws {EmbeddedHeldError} Another process is at it, and is stopped or hangs.
 * @throws {EmbeddedStartError} Anything else; the log says what.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { directory, onStart, onWait, signal, patience } = options
  const { timeoutMs = START_TIMEOUT_MS, transport = process.platform === 'win32' ? 'loopback' : 'socket' } = options
  const home = await makeHome(directory)
  const manner = (): Manner => ({ onWait, signal, patience, deadline: systemClock.now() + timeoutMs })
  const start = (how: Manner) => ensureServer(home, how, { transport, deadline: how.deadline, ...(onStart && { onStart }) })
  const membership = await lockOrFail(home, home.members, 'shared', manner())
  let connection: Connection
  try {
    connection = await start(manner())
  } catch (error) {
    membership[Symbol.dispose]()
    throw error
  }

  const { dataDirectory } = await findHome(directory)
  const isGone = () => !existsSync(join(dataDirectory, 'PG_VERSION'))
  let revival: Promise<unknown> | undefined
  let departure: Promise<void> | undefined
  return {
    connection,
    dataDirectory,
    isGone,
    async revive() {
      if (departure) return
      // A new cluster in its place would be empty.
      if (isGone()) throw new EmbeddedDataDamagedError(dataDirectory, 'it is gone', { log: home.log })
      // Whoever interrupts a run wants to see what it has done stored.
      revival ??= start({ ...manner(), signal: undefined })
        .then((found) => Object.assign(connection, found))
        .finally(() => (revival = undefined))
      await revival
    },
    release() {
      departure ??= Promise.resolve(revival)
        .catch(() => {})
        .then(() => leave(home, membership, { onWait, patience: patience ?? LEAVING }))
      return departure
    },
  }
}

/**
 * What there is, without making or starting anything. `connections` does not count the one that asks; it and `version` are
 * missing where the server is too busy to answer.
 * @throws {EmbeddedDataDamagedError}, {EmbeddedVersionError} or {EmbeddedNotWritableError}, if nothing runs.
 */
export async function embeddedStatus(directory: string): Promise<{
  state: 'absent' | 'stopped' | 'running'
  dataDirectory: string
  pid?: number
  version?: string
  connections?: number
}> {
  const home = await findHome(directory)
  const { dataDirectory } = home
  const found = await reach(home)
  if (!found) return { state: (await inspectData(home)) === 'absent' ? 'absent' : 'stopped', dataDirectory }
  const { pid } = found.postmaster
  try {
    const { version, connections } = await askServer(found.connection)
    return { state: 'running', dataDirectory, pid, version, connections }
  } catch {
    return (await reach(home)) ? { state: 'running', dataDirectory, pid } : { state: 'stopped', dataDirectory }
  }
}

/** From now on the last process out leaves the server running, until `stopEmbedded`. */
export const keepEmbedded = async (directory: string): Promise<void> => writeFile(keepFile(await findHome(directory)), '')

/**
 * Stops the server, whoever uses it: what is stored stays, and runs in progress start it again. False if none was running.
 * @throws {EmbeddedTimeoutError}
 */
export async function stopEmbedded(directory: string, manner: Omit<Manner, 'deadline'> = {}): Promise<boolean> {
  const home = await findHome(directory)
  await rm(keepFile(home), { force: true })
  if (!(await readPostmaster(home.dataDirectory))) return false
  const deadline = systemClock.now() + STOP_TIMEOUT_MS
  return underStartLock(home, 'stops', { ...manner, deadline }, () => stopServer(home, deadline))
}

const keepFile = (home: Home) => join(home.directory, 'postgres.keep')

async function ensureServer(home: Home, manner: Manner, options: StartOptions): Promise<Connection> {
  const current = await findHome(home.directory)
  await inspectData(current)
  const running = await reach(current)
  if (running) return running.connection
  return underStartLock(home, 'starts', manner, async () => {
    const latest = await findHome(home.directory)
    const started = await reach(latest)
    return started?.connection ?? startServer(latest, options)
  })
}

/** Under the start lock those who leave do so one after the other, so that exactly the last one finds nobody in. */
async function leave(home: Home, membership: HeldLock, manner: Omit<Manner, 'deadline'>): Promise<void> {
  const deadline = systemClock.now() + STOP_TIMEOUT_MS
  const watch = new Watch(home.starter, manner)
  // The directory may have been removed. A server without its files ends by itself.
  using leaving = await lock(home.startLock, 'exclusive', { deadline, watch: () => watch.look() }).catch(() => undefined)
  membership[Symbol.dispose]()
  if (!leaving) return
  using _sign = signAs('stops', home.starter)
  using alone = tryLock(home.members, 'exclusive')
  if (!alone || existsSync(keepFile(home))) return
  const current = await findHome(home.directory)
  if (await hasForeignClients(current)) return
  await stopServer(current, deadline)
}

async function hasForeignClients(home: Home): Promise<boolean> {
  const found = await reach(home)
  if (!found) return false
  try {
    for (let check = 0; check < FOREIGN_CLIENT_CHECKS; check++) {
      if ((await askServer(found.connection)).foreign === 0) return false
      await wait(systemClock, FOREIGN_CLIENT_POLL_MS)
    }
  } catch {
    // Too busy to answer, perhaps. Whoever comes next finds it.
  }
  return true
}

async function underStartLock<T>(home: Home, does: Deed, manner: Manner, work: () => Promise<T>): Promise<T> {
  using _held = await lockOrFail(home, home.startLock, 'exclusive', manner)
  using _sign = signAs(does, home.starter)
  return await work()
}

/** Who bars the members' lock stops the server, under the start lock. */
async function lockOrFail(home: Home, file: string, mode: 'shared' | 'exclusive', manner: Manner): Promise<HeldLock> {
  const { deadline, signal } = manner
  const watch = new Watch(home.starter, manner)
  const held = await lock(file, mode, { deadline, signal, watch: () => watch.look() }).catch((cause: unknown) => {
    if (cause instanceof EmbeddedHeldError || signal?.aborted) throw cause
    throw new EmbeddedNotWritableError(file, { cause })
  })
  if (!held)
    throw new EmbeddedTimeoutError('Another process starts or stops the embedded PostgreSQL and does not get done', { log: home.log })
  return held
}
