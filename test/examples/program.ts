import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { until } from '../support/until.ts'

export const ROOT = join(import.meta.dirname, '../..')

export interface Program {
  /** What it has written to standard output so far, waited for. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>
}

/** A program of the repository in a process of its own, with `url` as its database. */
export function startProgram(
  args: string[],
  { url, env = {}, cwd = ROOT }: { url: string; env?: Record<string, string>; cwd?: string },
): Program {
  const { TROUPE_DATABASE_URL: _ours, ...inherited } = process.env
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...inherited, ...env, DATABASE_URL: url, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(kill)
  const said = (pattern: RegExp) =>
    until(`the program says ${pattern}`, () => {
      if (child.exitCode !== null) throw new Error(`The program has ended: ${stderr}`)
      return pattern.exec(stdout)
    })
  return { said, ended, kill }
}
