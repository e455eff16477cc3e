import { TroupeError } from './troupeError.ts'

/** A stored plan or report of a form that this version does not know. */
export class StoredVersionError extends TroupeError {
  readonly code = 'STORED_VERSION'
  readonly hint = 'Use the version of troupe that stored it, or a newer one; nothing was changed'

  /** @param what `plan`, `report`. */
  constructor(what: string, run: string, found: number, known: number) {
    super(`The ${what} of run "${run}" is stored in version ${found}, this troupe knows versions up to ${known}`)
  }
}

/** A stored plan or report that somebody has changed: it is none any more. */
export class StoredDamagedError extends TroupeError {
  readonly code = 'STORED_DAMAGED'
  readonly hint = 'Restore the row of the run in troupe.runs from a backup, or start a new run: --new'

  constructor(what: string, run: string, problem: string) {
    super(`The stored ${what} of run "${run}" is damaged: ${problem}`)
  }
}
