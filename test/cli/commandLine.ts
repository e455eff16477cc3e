import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDatabase } from '../support/database.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

/** What is said where it takes its time, which depends on the machine. */
const IN_BETWEEN = /^(making|starting|opening|loading|reading|waiting for skill) .*\n/gm

export interface Ended {
  code: number | null
  stdout: string
  /** Without what is said of a start that takes its time. */
  stderr: string
}

export interface Started {
  process: ChildProcess
  /** Resolves as soon as what was written so far to standard error matches. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  ended: Promise<Ended>
}

/** A directory with files in it, and the command line there. */
export interface Place {
  directory: string
  /** Of the database of its own on the suite's server. */
  url: string | undefined
  start(args: string[], options?: Options): Started
  troupe(args: string[], options?: Options): Promise<Ended>
  write(files: Record<string, string>): Promise<void>
  remove(): Promise<void>
}

interface Options {
  env?: Record<string, string>
  /** Of node itself. */
  node?: string[]
}

/** @param shared Its runs are kept in a database of the suite's server, which no command has to make, start and stop. Default: in its own `.troupe`. */
export async function makePlace(files: Record<string, string> = {}, { shared = false } = {}): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-cli-'))
  const database = shared ? await createDatabase() : undefined
  const children = new Set<ChildProcess>()
  const start = (args: string[], options?: Options) => {
    const env = { ...(database && { TROUPE_DATABASE_URL: database.url }), ...options?.env }
    const started = startIn(directory, args, { ...options, env })
    children.add(started.process)
    return started
  }
  const write = async (more: Record<string, string>) => {
    for (const [name, content] of Object.entries(more)) await writeFile(join(directory, name), content)
  }
  await write(files)
  return {
    directory,
    url: database?.url,
    start,
    troupe: (args, options) => start(args, options).ended,
    write,
    async remove() {
      // Of a test that failed: nothing of it stays behind.
      for (const child of children) child.kill('SIGKILL')
      if (database) await database.drop()
      else await start(['db', 'stop']).ended
      await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    },
  }
}

function startIn(cwd: string, args: string[], { env = {}, node = [] }: Options = {}): Started {
  const { TROUPE_DATABASE_URL: _ours, DATABASE_URL: _theirs, NO_COLOR: _noColour, FORCE_COLOR: _colour, ...rest } = process.env
  const child = spawn(process.execPath, [...node, CLI, ...args], { cwd, env: { ...rest, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  return {
    process: child,
    ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr: stderr.replace(IN_BETWEEN, '') }))),
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(stderr)
          if (!found) return
          child.stderr.off('data', look)
          resolve(found)
        }
        child.stderr.on('data', look)
        child.once('close', () => reject(new Error(`It ended without saying ${pattern}:\n${stderr}`)))
        look()
      }),
  }
}

/** A skill that appends each item that it is asked for to `calls.txt`, and takes `ms` per batch. */
export const countingSkill = (ms = 0) => `
import { appendFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
export default async (items, { signal }) => {
  await wait(${ms}, undefined, { signal })
  appendFileSync(new URL('calls.txt', import.meta.url), items.map((item) => item.index + '\\n').join(''))
  return { results: items.map((item) => ({ index: item.index })), quality: 0.75 }
}
`

export const planOf = (plan: object) => JSON.stringify({ name: 'demo', skill: './skill.mjs', ...plan })
