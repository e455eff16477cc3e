import type { Entry, FlushTarget } from '../../src/persistence/groupCommit.ts'

export type Failure = 'lost before' | 'lost after' | 'contention' | 'other'

export class FakeDatabaseError extends Error {
  readonly kind: 'connection' | 'data' | 'contention' | 'other'
  constructor(kind: 'connection' | 'data' | 'contention' | 'other') {
    super(`${kind} error`)
    this.kind = kind
  }
}

/** A database that fails as it is told. Entries are called by the `data.name` of their first event. */
export class FakeDatabase implements FlushTarget {
  /** Every attempt to write, whatever became of it. */
  readonly writes: { names: string[]; again: boolean }[] = []
  readonly stored: string[] = []
  readonly stale = new Set<string>()
  readonly unstorable = new Set<string>()
  /** What the next writes meet, in order. */
  readonly failures: (Failure | null)[] = []
  /** How many of the next signs of life fail. */
  away = 0
  revivals = 0
  #held: Promise<void> | undefined

  /** Writes wait until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held = promise
    return () => {
      this.#held = undefined
      resolve()
    }
  }

  async write(entries: readonly Entry[], again: boolean): Promise<ReadonlySet<string>> {
    const names = entries.map(nameOf)
    this.writes.push({ names, again })
    await this.#held
    const failure = this.failures.shift() ?? null
    if (failure === 'lost before') throw new FakeDatabaseError('connection')
    if (failure === 'contention' || failure === 'other') throw new FakeDatabaseError(failure)
    if (names.some((name) => this.unstorable.has(name))) throw new FakeDatabaseError('data')
    const refused = new Set<string>()
    for (const [i, { run }] of entries.entries()) {
      if (this.stale.has(run.id)) refused.add(run.id)
      else if (!(again && this.stored.includes(names[i]!))) this.stored.push(names[i]!)
    }
    if (failure === 'lost after') throw new FakeDatabaseError('connection')
    return refused
  }

  classify(error: unknown) {
    return error instanceof FakeDatabaseError ? error.kind : 'other'
  }

  async revive() {
    this.revivals++
    if (this.away > 0) {
      this.away--
      throw new FakeDatabaseError('connection')
    }
  }
}

function nameOf({ facts }: Entry): string {
  const [first] = facts
  return first?.kind === 'event' ? String(first.data.name) : 'batch'
}
