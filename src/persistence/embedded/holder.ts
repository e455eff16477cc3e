import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { EmbeddedHeldError } from '../../errors.ts'
import { isAlive } from './postmaster.ts'

const SIGN_OF_LIFE_MS = 1_000
/** While we were stopped ourselves, nothing is known of others. */
const LONGEST_STEP_MS = 250
const LOOK_MS = 50

export type Deed = 'starts' | 'stops'

/** Who holds the start lock. */
export interface Holder {
  host: string
  pid: number
  does: Deed
}

/** How long a wait is silent, and after how long without a sign of life its holder is taken to be stopped, ms. */
export interface Patience {
  silentMs: number
  stillMs: number
}

export const PATIENCE: Patience = { silentMs: 500, stillMs: 10_000 }

/** Says, in a file beside a lock that we hold, who holds it, and each second that we live. What cannot be written is not said: the lock is what counts. */
export function signAs(does: Deed, file: string): Disposable {
  const holder: Holder = { host: hostname(), pid: process.pid, does }
  attempt(() => writeFileSync(file, JSON.stringify(holder), { mode: 0o600 }))
  const signs = setInterval(() => attempt(() => utimesSync(file, new Date(), new Date())), SIGN_OF_LIFE_MS).unref()
  return {
    [Symbol.dispose]() {
      clearInterval(signs)
      attempt(() => rmSync(file, { force: true }))
    },
  }
}

function attempt(act: () => void) {
  try {
    act()
  } catch {
    // The directory may be gone, or full.
  }
}

/** Watches who holds the start lock, for somebody who waits for it. */
export class Watch {
  readonly #file: string
  readonly #patience: Patience
  readonly #onWait: ((line: string) => void) | undefined
  #looked = performance.now()
  #waited = 0
  #still = 0
  #sign = ''
  #said = false

  constructor(
    file: string,
    { patience = PATIENCE, onWait }: { patience?: Patience | undefined; onWait?: ((line: string) => void) | undefined },
  ) {
    this.#file = file
    this.#patience = patience
    this.#onWait = onWait
  }

  /** Call it often while you wait. @throws {EmbeddedHeldError} if the holder does not move any more. */
  look() {
    const now = performance.now()
    const step = Math.min(now - this.#looked, LONGEST_STEP_MS)
    if (step < LOOK_MS) return
    this.#looked = now
    this.#waited += step
    const found = readHolder(this.#file)
    this.#still = found?.sign === this.#sign ? this.#still + step : 0
    this.#sign = found?.sign ?? ''
    if (!this.#said && this.#waited >= this.#patience.silentMs) {
      this.#said = true
      const who = found
        ? `process ${found.holder.pid} on ${found.holder.host}, which ${found.holder.does}`
        : 'another process, which starts or stops'
      this.#onWait?.(`waiting for ${who} the embedded PostgreSQL`)
    }
    if (found && this.#still >= this.#patience.stillMs) throw new EmbeddedHeldError(found.holder, this.#still)
  }
}

/** `undefined` if it is not known, or is known to be dead. `sign` changes with each sign of life: clocks of hosts are not compared. */
function readHolder(file: string): { holder: Holder; sign: string } | undefined {
  try {
    const text = readFileSync(file, 'utf8')
    const holder = JSON.parse(text) as Holder
    if (holder.host === hostname() && !isAlive(holder.pid)) return undefined
    return { holder, sign: `${text} ${statSync(file).mtimeMs}` }
  } catch {
    return undefined
  }
}
