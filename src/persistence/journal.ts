import type { Fact, RunRef } from './facts.ts'

/** Where a run's facts go: batches, events, checkpoints. Every implementation passes `test/persistence/storeContract.ts`. */
export interface Journal {
  /**
   * Stores `facts` together with whatever else waits in this process.
   * Resolves when they are durable, in order for each run.
   * @throws {OwnershipLostError} if the run has a newer owner; nothing of `facts` is stored then.
   * @throws {UnstorableFactError} if the database refuses the data; others in the flush are not affected.
   * @throws {DatabaseFailedError} if the database cannot store anything: a full disk, a read-only server.
   * @throws {DatabaseLostError} if the database stayed away for longer than `database.retryForMs`.
   * @throws {NotWrittenError} if it was given up before: the link was cut.
   */
  append(run: RunRef, facts: readonly Fact[]): Promise<void>
  /**
   * Resolves when the run is known to have been ours after this was called. Missing where nobody can take a run from its owner.
   * @throws as `append`.
   */
  confirm?(run: RunRef): Promise<void>
}
