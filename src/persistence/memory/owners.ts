import { hostname } from 'node:os'
import type { Clock } from '../../clock.ts'
import { RunHeldError } from '../../errors.ts'
import type { Ownership } from '../store.ts'
import type { MemoryRun } from './rows.ts'
import { jsonCopy } from './storable.ts'

/** Who has which run. Memory has one process, so nobody takes a run from a live owner, and `onLost` has nothing to tell. */
export class MemoryOwners {
  readonly #clock: Clock
  readonly #held = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws {RunHeldError} */
  refuseHeld(id: string) {
    if (this.isHeld(id)) throw new RunHeldError(id, { host: hostname(), pid: process.pid })
  }

  isHeld(id: string): boolean {
    return this.#held.has(id)
  }

  own(run: MemoryRun): Ownership {
    const now = this.#clock.now()
    const seenAt = Math.min(run.seenAt ?? now, now)
    const epoch = run.row.epoch + 1
    const { id } = run.row
    run.row = { ...run.row, epoch, owner: { host: hostname(), pid: process.pid, since: now, seenAt: now } }
    run.seenAt = now
    this.#held.set(id, epoch)
    return {
      id,
      epoch,
      row: jsonCopy(run.row),
      seenAt,
      now,
      onLost: () => {},
      release: async () => {
        if (this.#held.get(id) !== epoch) return
        this.#held.delete(id)
        run.row = { ...run.row, owner: null }
        run.seenAt = this.#clock.now()
      },
    }
  }

  forget(id: string) {
    this.#held.delete(id)
  }
}
