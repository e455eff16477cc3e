import { troupeCommand } from '../shellCommand.ts'
import { messageOf, TroupeError } from './troupeError.ts'

/** The database refuses one of the facts; others in its flush are stored. */
export class UnstorableFactError extends TroupeError {
  readonly code = 'UNSTORABLE_FACT'
  readonly hint = 'Results must be plain JSON: see docs/errors.md'

  constructor(run: string, cause: unknown) {
    super(`The database refuses what run "${run}" wants to store: ${messageOf(cause)}`, { cause })
  }
}

/** The database stayed away for longer than we wait. Nothing that was stored is lost, unless its files were deleted. */
export class DatabaseLostError extends TroupeError {
  readonly code = 'DATABASE_LOST'
  readonly hint: string

  /** @param retryForMs `null`: it was not waited for. @param gone The directory in which the data were, where it is there no more. */
  constructor(retryForMs: number | null, cause: unknown, gone: string | null = null) {
    const what = retryForMs === null ? 'The database is away' : `The database has been away for more than ${retryForMs / 1000} s`
    super(`${what}: ${gone === null ? messageOf(cause) : `the directory ${gone} is gone`}`, { cause })
    this.hint = gone === null ? 'Everything stored is safe: when the database is back, run the same command again' : WITHOUT_DATA
  }
}

const WITHOUT_DATA =
  'What was stored there is lost, unless you have a copy: put that back before you run the same command again. Without one it begins a new run'

/** A close waited for the database for as long as it may, and left. What had been sent may have been stored. */
export class NotWrittenError extends TroupeError {
  readonly code = 'NOT_WRITTEN'
  readonly hint: string

  /** @param gone The directory in which the data were, where it is there no more. */
  constructor(runs: readonly { run: string; items: number }[], gone: string | null = null) {
    const texts = runs.map(({ run, items }) => `${items === 0 ? 'the last state' : `outcomes of ${count(items)}`} of run "${run}"`)
    const why = gone === null ? '' : `: the directory ${gone} is gone`
    super(`The database did not answer in time while Troupe was closing${why}. Not known to be stored: ${texts.join(', ')}`)
    const commands = runs.map(({ run }) => troupeCommand('resume', run)).join('; ')
    const safe = `Everything stored before is safe. When the database is back, go on with: ${commands}. Items whose outcomes were not stored are called again`
    this.hint = gone === null ? safe : WITHOUT_DATA
  }
}

const count = (items: number) => (items === 1 ? '1 item' : `${items} items`)

/** The database is there, but cannot store what comes: its disk is full, it may not be written to, its schema is not ours. */
export class DatabaseFailedError extends TroupeError {
  readonly code = 'DATABASE_FAILED'
  readonly hint = 'Everything stored so far is safe: see to the cause, then run the same command again'

  constructor(cause: unknown) {
    super(`The database cannot store what is to be stored: ${messageOf(cause)}`, { cause })
  }
}

/** There is no database where we were sent. */
export class DatabaseUnreachableError extends TroupeError {
  readonly code = 'DATABASE_UNREACHABLE'
  readonly hint = 'Check the URL (--database, TROUPE_DATABASE_URL, DATABASE_URL), or leave it out to use the embedded PostgreSQL'

  constructor(where: string, cause: unknown) {
    super(`Cannot use the database at ${where}: ${messageOf(cause)}`, { cause })
  }
}

/** What was given as the database's URL is none that we can use. */
export class DatabaseUrlError extends TroupeError {
  readonly code = 'DATABASE_URL'
  readonly hint: string
  override readonly exitCode = 2

  constructor(shown: string, why: string, hint: string) {
    super(`The database URL ${shown} cannot be used: ${why}`)
    this.hint = hint
  }
}

/** Connections do not stay with one session: what a session holds, locks among it, would be another's. */
export class DatabasePooledError extends TroupeError {
  readonly code = 'DATABASE_POOLED'
  readonly hint =
    'Use the URL of the database itself, or of a pooler with pool_mode = session (port 5432 in place of 6543 at Supabase, the host without "-pooler" at Neon)'

  constructor(shown: string) {
    super(`The database at ${shown} is behind a pooler that hands one session to several clients (pool_mode = transaction or statement)`)
  }
}

/** The database is there, and is none that runs can be stored in. */
export class DatabaseUnsuitableError extends TroupeError {
  readonly code = 'DATABASE_UNSUITABLE'
  readonly hint: string

  constructor(why: string, hint: string) {
    super(`The database cannot be used: ${why}`)
    this.hint = hint
  }
}

/** The role may not do what is needed. */
export class DatabaseRightsError extends TroupeError {
  readonly code = 'DATABASE_RIGHTS'
  readonly hint: string

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause })
    this.hint = hint
  }
}

/** The schema was made by a newer version of this program. */
export class SchemaTooNewError extends TroupeError {
  readonly code = 'SCHEMA_TOO_NEW'
  readonly hint = 'Use the newer troupe, or another database; nothing was changed'

  constructor(found: number, known: number) {
    super(`The database's schema has version ${found}, this troupe knows versions up to ${known}`)
  }
}

export class MigrationError extends TroupeError {
  readonly code = 'MIGRATION_FAILED'
  readonly hint = 'The database is as it was before; the cause is above. troupe db status shows its version'

  constructor(cause: unknown) {
    super(`The database's schema could not be brought up to date: ${messageOf(cause)}`, { cause })
  }
}
