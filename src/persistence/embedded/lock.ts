import type * as Sqlite from 'node:sqlite'
import { systemClock, wait } from '../../clock.ts'

const SQLITE_BUSY = 5
const POLL_MS = 5

/** Held until it is disposed of, or until its process dies in whatever way. Keep a reference: a collected lock is given up. */
export type HeldLock = Disposable

/**
 * Takes a lock on `file`, which is made if need be, and is never written to. `shared` locks bear each other, an `exclusive` one
 * bears nobody, another holder in the same process included.
 *
 * SQLite is the only way to a lock in Node that the kernel itself gives up with its holder. A file with a pid in it would have to
 * be taken over from the dead, which is a race, and means nothing to another container on the same volume.
 *
 * @returns `undefined` if others hold what does not bear this.
 * @throws what SQLite says of a file that cannot be opened or locked.
 */
export function tryLock(file: string, mode: 'shared' | 'exclusive'): HeldLock | undefined {
  const database = new (sqlite().DatabaseSync)(file)
  try {
    database.exec(mode === 'shared' ? 'begin; select 1 from sqlite_schema' : 'begin exclusive')
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined
    throw error
  }
  return {
    [Symbol.dispose]() {
      if (database.isOpen) database.close()
    },
  }
}

export interface LockWait {
  /** Epoch ms. */
  deadline: number
  /** Ends the wait with its reason. */
  signal?: AbortSignal | undefined
  /** Called again and again; what it throws ends the wait. */
  watch?: () => void
}

/** Takes the lock as soon as it is free. `undefined` if it is not before the deadline. */
export async function lock(
  file: string,
  mode: 'shared' | 'exclusive',
  { deadline, signal, watch }: LockWait,
): Promise<HeldLock | undefined> {
  for (;;) {
    const held = tryLock(file, mode)
    if (held || systemClock.now() >= deadline) return held
    watch?.()
    await wait(systemClock, POLL_MS, signal)
  }
}

/** In Node 22, loading it says on stderr that it is experimental, which is not for the user of a command to read. */
function sqlite(): typeof Sqlite {
  const warnings = Object.getOwnPropertyDescriptor(process, 'emitWarning')
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    if (warnings) Object.defineProperty(process, 'emitWarning', warnings)
  }
}
