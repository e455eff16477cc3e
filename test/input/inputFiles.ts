import { fstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { TroupeError } from '../../src/errors.ts'

/** A directory of its own for one test file, removed after it. */
export function inputFiles() {
  const directory = mkdtempSync(join(tmpdir(), 'troupe-input-'))
  afterAll(() => rmSync(directory, { recursive: true }))
  return {
    directory,
    write(name: string, content: string | Uint8Array): string {
      const file = join(directory, name)
      writeFileSync(file, content)
      return file
    },
    directoryNamed(name: string): void {
      mkdirSync(join(directory, name), { recursive: true })
    },
  }
}

/** How many descriptors this process holds on a file. */
export function descriptorsOn(file: string): number {
  const { dev, ino } = statSync(file)
  const isIt = (descriptor: string) => {
    try {
      const stat = fstatSync(Number(descriptor))
      return stat.dev === dev && stat.ino === ino
    } catch {
      return false
    }
  }
  return readdirSync('/dev/fd').filter(isIt).length
}

/** What a promise fails with, as a user meets it. */
export async function problemOf(promise: Promise<unknown>): Promise<TroupeError> {
  const error: unknown = await promise.then(
    () => 'no error',
    (error: unknown) => error,
  )
  if (error instanceof TroupeError) return error
  throw new Error(`Not an error for users: ${String(error)}`, { cause: error })
}
