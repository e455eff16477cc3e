import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { stopEmbedded } from '../../src/persistence/embedded.ts'
import { copyCluster } from '../support/cluster.ts'
import type { Connection } from '../../src/persistence/embedded/address.ts'

export interface Said {
  type: 'initializing' | 'starting' | 'in' | 'out' | 'error'
  connection: Connection
  dataDirectory: string
  code: string
}

export interface Guest {
  child: ChildProcess
  said: Said[]
  /** Resolves with what it says of that type, also if it was said already; rejects if it ends without. */
  hears(type: Said['type']): Promise<Said>
  release(): Promise<void>
  ended: Promise<{ code: number | null; signal: string | null }>
}

export interface GuestOptions {
  through?: readonly string[]
  idle?: boolean
  /** Stops (SIGSTOP) where it is about to start something. */
  stopped?: boolean
  timeoutMs?: number
  env?: Record<string, string>
}

const GUEST = join(import.meta.dirname, 'embeddedGuest.ts')

/** Enters the embedded database of `directory` in a process, and process group, of its own. `through`: a command to run it by. */
export function guest(
  directory: string,
  { through = [], idle = false, stopped = false, timeoutMs = 60_000, env = {} }: GuestOptions = {},
): Guest {
  const [file = '', ...args] = [
    ...through,
    process.execPath,
    GUEST,
    directory,
    String(timeoutMs),
    ...(idle ? ['idle'] : stopped ? ['stopped'] : []),
  ]
  const child = spawn(file, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } })
  const said: Said[] = []
  const listeners = new Set<() => void>()
  const tell = () => listeners.forEach((listener) => listener())
  const lines = createInterface(child.stdout)
  lines.on('line', (line) => {
    said.push(JSON.parse(line))
    tell()
  })
  let over = false
  lines.on('close', () => {
    over = true
    tell()
  })
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const hears = (type: Said['type']) =>
    new Promise<Said>((resolve, reject) => {
      const look = () => {
        const found = said.find((one) => one.type === type)
        if (found) resolve(found)
        else if (over) reject(new Error(`The guest ended without "${type}": ${JSON.stringify(said)}`))
        else return
        listeners.delete(look)
      }
      listeners.add(look)
      look()
    })
  return {
    child,
    said,
    hears,
    ended,
    async release() {
      child.stdin.end('release\n')
      await hears('out')
      await ended
    },
  }
}

/** A `.troupe` in a new directory with mode 0700, below which nothing is left running. */
export async function newDirectory(...below: string[]): Promise<string> {
  const root = await mkdtemp(join(await realpath(tmpdir()), 'embedded-'))
  const directory = join(root, ...below, '.troupe')
  onTestFinished(async () => {
    await stopEmbedded(directory)
    await rm(root, { recursive: true, force: true })
  })
  return directory
}

/** A directory with a stopped cluster in it. */
export async function stoppedCluster(): Promise<string> {
  const directory = await newDirectory()
  await copyCluster(directory)
  return directory
}
