import { TroupeError } from './troupeError.ts'

const RUN_ID = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/

/** Whether a new run may be called so. A run that an earlier version began may have another id. */
export const isRunId = (id: unknown): id is string => typeof id === 'string' && RUN_ID.test(id)

/** A new run was to get an id that could not be typed, pasted or made a file name of as it is. */
export class RunIdError extends TroupeError {
  readonly code = 'RUN_ID'
  readonly hint = 'Use letters, digits, ".", "_" and "-", at most 100, and begin with a letter, a digit or "_"'
  override readonly exitCode = 2

  constructor(id: unknown) {
    super(`${typeof id === 'string' ? JSON.stringify(shortened(id)) : `An id of type ${typeof id}`} cannot be the id of a run`)
  }
}

/** @throws {RunIdError} */
export function checkRunId(id: unknown): asserts id is string {
  if (!isRunId(id)) throw new RunIdError(id)
}

const shortened = (id: string) => (id.length > 110 ? `${id.slice(0, 110)}…` : id)
