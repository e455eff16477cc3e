import { chmod, rmdir, stat } from 'node:fs/promises'
import { systemClock, wait } from '../../clock.ts'
import { EmbeddedTimeoutError } from '../../errors.ts'
import { findPort, reach, type Connection, type Transport } from './address.ts'
import { diagnose, isPassing } from './diagnose.ts'
import type { Home } from './home.ts'
import { findPlace, type Place } from './place.ts'
import { inspectData } from './home.ts'
import { initialize } from './initialize.ts'
import { isServerOf, readPostmaster } from './postmaster.ts'
import { launch, type Launched } from './programs.ts'
import { makeSocketDirectory, SOCKET_PORT } from './socket.ts'

const POLL_MS = 5
const PAUSE_AFTER_FAILURE_MS = 50

export interface StartOptions {
  transport: Transport
  /** Epoch ms. */
  deadline: number
  onStart?: (what: 'initializing' | 'starting') => void
}

/**
 * Starts the server, on a new cluster if there is none. Call it under the start lock only.
 * @throws {EmbeddedTimeoutError} and every other error of an embedded database
 */
export async function startServer(home: Home, { transport, deadline, onStart }: StartOptions): Promise<Connection> {
  const data = await inspectData(home)
  const place = await findPlace(home, data)
  if (data === 'absent') {
    onStart?.('initializing')
    await initialize(place, transport)
  } else {
    await closeToOthers(place.home.dataDirectory)
  }
  onStart?.('starting')
  return untilReady(place, transport, deadline)
}

async function untilReady(place: Place, transport: Transport, deadline: number): Promise<Connection> {
  const { home } = place
  let launched: Launched | undefined
  while (systemClock.now() < deadline) {
    const found = await reach(home)
    if (found) return found.connection
    if (launched?.ended) {
      const lines = await launched.tail()
      const { code, error } = launched.ended
      if (code !== 0 && !isPassing(lines)) throw diagnose(home, lines, error)
      launched = undefined
      await wait(systemClock, PAUSE_AFTER_FAILURE_MS)
    }
    launched ??= await launchServer(place, transport)
    await wait(systemClock, POLL_MS)
  }
  const postmaster = await readPostmaster(home.dataDirectory)
  throw new EmbeddedTimeoutError('The embedded PostgreSQL is not ready in time', { log: home.log, pid: postmaster?.pid })
}

/** Undefined if one is starting, or stopping, already: it was left by somebody who was killed. */
async function launchServer(place: Place, transport: Transport): Promise<Launched | undefined> {
  const { dataDirectory, log } = place.home
  const left = await readPostmaster(dataDirectory)
  if (left && (await isServerOf(dataDirectory, left.pid))) return undefined
  // The pid in a lock file of before a crash may be anybody's by now. PostgreSQL takes no notice of a process so named, and still
  // refuses to start while a killed server's own processes are at work in the data.
  const env: Record<string, string> = left ? { PG_GRANDPARENT_PID: String(left.pid) } : {}
  const settings =
    transport === 'socket'
      ? [
          '-c',
          'listen_addresses=',
          '-p',
          String(SOCKET_PORT),
          '-c',
          `unix_socket_directories=${await makeSocketDirectory(dataDirectory, place.account)}`,
        ]
      : ['-c', 'listen_addresses=127.0.0.1', '-p', String(await findPort(dataDirectory)), '-c', 'unix_socket_directories=']
  if (process.platform !== 'win32') return launch(place, 'postgres', ['-D', dataDirectory, ...settings], { outlivesUs: true, env })
  // Only pg_ctl can give up an administrator's rights, with which PostgreSQL refuses to run.
  return launch(place, 'pg_ctl', ['start', '--pgdata', dataDirectory, '--log', log, '--options', settings.join(' ')], { env })
}

/** A copied data directory has often lost the mode without which PostgreSQL refuses it. */
async function closeToOthers(dataDirectory: string): Promise<void> {
  if (process.platform === 'win32') return
  const { mode } = await stat(dataDirectory)
  if (mode & 0o077) await chmod(dataDirectory, mode & 0o700)
}

/**
 * Stops the server, whoever uses it; false if none is running. Call it under the start lock only.
 * @throws {EmbeddedTimeoutError}
 */
export async function stopServer(home: Home, deadline: number): Promise<boolean> {
  const { dataDirectory } = home
  const postmaster = await readPostmaster(dataDirectory)
  if (!postmaster || !(await isServerOf(dataDirectory, postmaster.pid))) return false
  if (process.platform === 'win32') {
    const place = await findPlace(home, 'present')
    await (await launch(place, 'pg_ctl', ['stop', '--pgdata', dataDirectory, '--mode', 'fast'])).whenEnded
  } else {
    process.kill(postmaster.pid, 'SIGINT')
  }
  while (await isServerOf(dataDirectory, postmaster.pid)) {
    if (systemClock.now() >= deadline) {
      throw new EmbeddedTimeoutError('The embedded PostgreSQL does not stop in time', { log: home.log, pid: postmaster.pid })
    }
    await wait(systemClock, POLL_MS)
  }
  if (postmaster.socketDirectory) await rmdir(postmaster.socketDirectory).catch(() => {})
  return true
}
