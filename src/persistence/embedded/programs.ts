import { spawn } from 'node:child_process'
import { open, readFile, stat } from 'node:fs/promises'
import { commandAs } from './account.ts'
import { program } from './binaries.ts'
import type { Place } from './place.ts'

/** What a program of PostgreSQL may see of our environment: a server that outlives us must not hold on to anybody's secrets. */
const PASSED_ON = ['PATH', 'Path', 'LD_LIBRARY_PATH', 'SystemRoot', 'SystemDrive', 'ComSpec', 'TEMP', 'TMP', 'TMPDIR']
const LINES_SHOWN = 6

export interface Launched {
  /** Set once it has ended. `code` is null after a signal; `error` is there if it could not even start. */
  ended?: { code: number | null; error?: Error }
  whenEnded: Promise<{ code: number | null; error?: Error }>
  /** What has gone to the log since it was launched, without time stamps, the last few lines. */
  tail(): Promise<string[]>
}

export interface LaunchOptions {
  /** Does not keep this process from exiting. */
  outlivesUs?: boolean
  env?: Record<string, string>
}

/**
 * Launches it in a session of its own, so that a Ctrl-C meant for us does not reach it, with its output in the home's log.
 */
export async function launch(
  place: Place,
  name: 'initdb' | 'pg_ctl' | 'postgres',
  args: readonly string[],
  { outlivesUs = false, env = {} }: LaunchOptions = {},
): Promise<Launched> {
  const { log } = place.home
  const { file, args: all, options } = commandAs(place.account, program(place.binaries, name), args)
  const output = await open(log, 'a', 0o600)
  try {
    const { size: from } = await stat(log)
    const child = spawn(file, all, {
      ...options,
      // Ours may be one that the server's user cannot enter.
      ...(process.platform === 'win32' ? {} : { cwd: '/' }),
      detached: true,
      windowsHide: true,
      stdio: ['ignore', output.fd, output.fd],
      // The language of the log is what its readers, here and at users', are written for.
      env: { ...passedOn(), LC_ALL: 'C', TZ: 'UTC', ...env },
    })
    if (outlivesUs) child.unref()
    const launched: Launched = {
      whenEnded: new Promise((resolve) => {
        const end = (ended: { code: number | null; error?: Error }) => {
          launched.ended = ended
          resolve(ended)
        }
        child.once('error', (error) => end({ code: null, error }))
        child.once('exit', (code) => end({ code }))
      }),
      tail: async () => (await readFile(log)).subarray(from).toString().split('\n').filter(Boolean).map(withoutStamp).slice(-LINES_SHOWN),
    }
    return launched
  } finally {
    await output.close()
  }
}

const passedOn = () => Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))

const withoutStamp = (line: string) => line.replace(/^\d{4}-\d\d-\d\d [\d:.]+ \S+ \[\d+\] /, '')
