import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type postgres from 'postgres'
import { onTestFinished } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import type { Report } from '../../src/report/report.ts'
import type { StartOptions, TroupeOptions } from '../../src/host/options.ts'
import { createDatabase } from '../support/database.ts'
import { childrenOf } from '../support/processes.ts'
import { until } from '../support/until.ts'
import { Calls } from './calls.ts'
import type { Params } from './fixtures/skill.ts'

const OWNER = join(import.meta.dirname, 'fixtures/owner.ts')
export const SKILL = join(import.meta.dirname, 'fixtures/skill.ts')

/** An error as it came over from another process. */
export class OwnerError extends Error {
  readonly code: string | undefined
  readonly hint: string | undefined
  constructor(said: { name: string; code?: string; message: string; hint?: string }) {
    super(said.message)
    this.name = said.name
    this.code = said.code
    this.hint = said.hint
  }
}

/** A process of its own that holds a troupe. What is asked of it rejects when it ends. */
export interface Owner {
  pid: number
  start(plan: PlanInput, options?: StartOptions): Promise<{ id: string; resumed: boolean }>
  result(): Promise<Report>
  ask(what: string, ...args: unknown[]): Promise<unknown>
  signal(signal: NodeJS.Signals): void
  /** `kill -9`; resolves when it is gone, and what it has started. */
  kill(): Promise<void>
  close(): Promise<void>
}

export function spawnOwner(options: Pick<TroupeOptions, 'database' | 'directory' | 'retryForMs'>): Owner {
  const child = spawn(process.execPath, [OWNER], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let n = 0
  createInterface(child.stdout).on('line', (line) => {
    const said = JSON.parse(line)
    const { resolve, reject } = waiting.get(said.n)!
    waiting.delete(said.n)
    if (said.error) reject(new OwnerError(said.error))
    else resolve(said.value)
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      for (const { reject } of waiting.values()) reject(new Error('The owner has ended'))
      resolve()
    })
  })
  child.stdin.on('error', () => {})
  const ask = (what: string, ...args: unknown[]) => {
    const answer = new Promise((resolve, reject) => waiting.set(++n, { resolve, reject }))
    child.stdin.write(`${JSON.stringify({ n, what, args })}\n`)
    // Whoever is killed answers nothing, and nobody may be waiting.
    answer.catch(() => {})
    return answer
  }
  const kill = async () => {
    // Of one that has ended, the pid may be anybody's by now.
    if (child.exitCode !== null || child.signalCode !== null) return ended
    // Stopped first, so that it starts none which is not in the list: a worker may note the call that it was sent when its owner is gone.
    child.kill('SIGSTOP')
    const workers = childrenOf(child.pid!)
    child.kill('SIGKILL')
    await ended
    await until('its worker processes are gone', () => !workers.some(isAlive))
  }
  onTestFinished(() => kill())
  void ask('open', options)
  return {
    pid: child.pid!,
    ask,
    start: (plan, start = {}) => ask('start', plan, start) as Promise<{ id: string; resumed: boolean }>,
    result: () => ask('result') as Promise<Report>,
    signal: (signal) => void child.kill(signal),
    kill,
    async close() {
      await ask('close')
      child.stdin.end()
      await ended
    },
  }
}

export interface Scene {
  url: string
  query: postgres.Sql
  calls: Calls
  directory: string
}

/** A database and a directory, for one test. */
export async function scene(options: Parameters<typeof createDatabase>[0] = {}): Promise<Scene> {
  const { url, query, drop } = await createDatabase(options)
  const directory = mkdtempSync(join(tmpdir(), 'durability-'))
  onTestFinished(async () => {
    await drop()
    rmSync(directory, { recursive: true, force: true })
  })
  return { url, query, calls: new Calls(join(directory, 'calls')), directory }
}

/** A plan of one skill that notes its calls; nothing of it is slow by itself. */
export function planOf(
  calls: Calls,
  plan: Omit<PlanInput, 'name' | 'skill'>,
  params: Omit<Params, 'calls'> = {},
  isolation: 'inline' | 'process' = 'inline',
): PlanInput {
  return {
    name: 'durable',
    skill: { kind: 'function', module: SKILL, isolation, params: { calls: calls.file, ...params } as never },
    ...plan,
  }
}

/** One that has ended, and that nobody has asked about yet, does not count. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return !existsSync('/proc/self')
  }
}

/** A generator of random numbers that a printed seed repeats (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
