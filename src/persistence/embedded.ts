import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, wait } from '../clock.ts'
import { EmbeddedNotWritableError, EmbeddedTimeoutError } from '../errors.ts'
import { reach, type Connection, type Transport } from './embedded/address.ts'
import { askServer } from './embedded/clients.ts'
import { findHome, inspectData, makeHome, type Home } from './embedded/home.ts'
import { lock, tryLock, type HeldLock } from './embedded/lock.ts'
import { readPostmaster } from './embedded/postmaster.ts'
import { startServer, stopServer, type StartOptions } from './embedded/server.ts'

/** Long, because a server recovers in it what a crash has left, and short enough to be told that it hangs. */
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000
/** PostgreSQL notices a closed connection a little later than its owner. */
const FOREIGN_CLIENT_CHECKS = 10
const FOREIGN_CLIENT_POLL_MS = 25

export interface EmbeddedServer {
  /** Ready for postgres.js: `postgres({ ...connection })`. */
  connection: Connection
  dataDirectory: string
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
}

/**
 * Enters the embedded database of `directory`: made if there is none, started if nobody runs it, shared with all who do.
 * Keep what is returned for as long as you are in.
 *
 * @throws {EmbeddedBinariesError} No PostgreSQL for this platform.
 * @throws {EmbeddedDataDamagedError}
 * @throws {EmbeddedVersionError} The data are of another major version of PostgreSQL.
 * @throws {EmbeddedNotWritableError}
 * @throws {EmbeddedTimeoutError}
 * @throws {EmbeddedStartError} Anything else; the log says what.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { directory, onStart, timeoutMs = START_TIMEOUT_MS, transport = process.platform === 'win32' ? 'loopback' : 'socket' } = options
  const home = await makeHome(directory)
  const start = () => ensureServer(home, { transport, deadline: systemClock.now() + timeoutMs, ...(onStart && { onStart }) })
  const membership = await lockOrFail(home, home.members, 'shared', systemClock.now() + timeoutMs)
  let connection: Connection
  try {
    connection = await start()
  } catch (error) {
    membership[Symbol.dispose]()
    throw error
  }

  let revival: Promise<unknown> | undefined
  let departure: Promise<void> | undefined
  return {
    connection,
    dataDirectory: (await findHome(directory)).dataDirectory,
    async revive() {
      if (departure) return
      revival ??= start()
        .then((found) => Object.assign(connection, found))
        .finally(() => (revival = undefined))
      await revival
    },
    release() {
      departure ??= Promise.resolve(revival)
        .catch(() => {})
        .then(() => leave(home, membership))
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
export async function stopEmbedded(directory: string): Promise<boolean> {
  const home = await findHome(directory)
  await rm(keepFile(home), { force: true })
  if (!(await readPostmaster(home.dataDirectory))) return false
  const deadline = systemClock.now() + STOP_TIMEOUT_MS
  return underStartLock(home, deadline, () => stopServer(home, deadline))
}

const keepFile = (home: Home) => join(home.directory, 'postgres.keep')

async function ensureServer(home: Home, options: StartOptions): Promise<Connection> {
  const current = await findHome(home.directory)
  await inspectData(current)
  const running = await reach(current)
  if (running) return running.connection
  return underStartLock(home, options.deadline, async () => {
    const latest = await findHome(home.directory)
    const started = await reach(latest)
    return started?.connection ?? startServer(latest, options)
  })
}

/** Under the start lock those who leave do so one after the other, so that exactly the last one finds nobody in. */
async function leave(home: Home, membership: HeldLock): Promise<void> {
  const deadline = systemClock.now() + STOP_TIMEOUT_MS
  // The directory may have been removed. A server without its files ends by itself.
  using leaving = await lock(home.startLock, 'exclusive', deadline).catch(() => undefined)
  membership[Symbol.dispose]()
  if (!leaving) return
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

async function underStartLock<T>(home: Home, deadline: number, work: () => Promise<T>): Promise<T> {
  const held = await lockOrFail(home, home.startLock, 'exclusive', deadline)
  try {
    return await work()
  } finally {
    held[Symbol.dispose]()
  }
}

async function lockOrFail(home: Home, file: string, mode: 'shared' | 'exclusive', deadline: number): Promise<HeldLock> {
  const held = await lock(file, mode, deadline).catch((cause: unknown) => {
    throw new EmbeddedNotWritableError(file, { cause })
  })
  if (!held)
    throw new EmbeddedTimeoutError('Another process starts or stops the embedded PostgreSQL and does not get done', { log: home.log })
  return held
}
