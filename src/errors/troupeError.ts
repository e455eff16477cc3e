/** What a user can meet. `code` is stable and has an entry in docs/errors.md; `hint` says what to do. */
export abstract class TroupeError extends Error {
  abstract readonly code: string
  abstract readonly hint: string
  /** What the command line exits with: 1 the environment or the run, 2 the command or the plan. */
  readonly exitCode: 1 | 2 = 1
  override get name() {
    return this.constructor.name
  }
}

/** What a cause says of itself; of an error without a message its code. */
export const messageOf = (cause: unknown) =>
  cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause)
