import { randomUUID } from 'node:crypto'
import type { Fact } from '../../../src/persistence/facts.ts'
import type { NewRun, Ownership, RoundRef, Store } from '../../../src/persistence/store.ts'

/** A store under test. */
export interface Subject {
  store: Store
  /** A second client of the same data, as another process would have; for memory the same store. */
  another(): Promise<Store>
  close(): Promise<void>
}

/** What the tests of one store share: they make runs of their own, and never count on being alone. */
export interface Contract {
  readonly store: Store
  another(): Promise<Store>
}

export const newRun = (changes: Partial<NewRun> = {}): NewRun => ({
  id: `run-${randomUUID()}`,
  name: 'contract',
  plan: { name: 'contract' },
  fingerprint: randomUUID(),
  skillVersions: { default: null },
  ...changes,
})

export const round = (changes: Partial<RoundRef> = {}): RoundRef => ({
  variant: 'default',
  scenario: 'small',
  repetition: 1,
  round: 1,
  firstRound: 1,
  ...changes,
})

/** A run of this process with facts in it. */
export async function runWith({ store }: Contract, facts: readonly Fact[]): Promise<Ownership> {
  const run = await store.create(newRun())
  await store.journal.append(run, facts)
  return run
}

/** Everything of a run that its readers can see, but the run's own row. */
export async function seen(store: Store, run: string) {
  return {
    events: await store.events(run, 0),
    batches: await store.batchesFrom(run, round(), 0),
    results: await Array.fromAsync(store.results(run, {})),
    actors: (await store.actors(run)).sort((a, b) => (a.actor < b.actor ? -1 : 1)),
    checkpoints: await store.checkpoints(run),
    milestones: await store.milestones(run),
    sums: await store.sums(run),
    unconfirmed: await store.unconfirmed(run, round(), { size: 100, from: 0 }),
    requests: await store.requests(run),
    lastSequence: await store.lastSequence(run),
  }
}
