import { messageOf, TroupeError } from './troupeError.ts'

/** No PostgreSQL for this platform, or one that does not run on it. */
export class EmbeddedBinariesError extends TroupeError {
  readonly code = 'EMBEDDED_BINARIES'
  readonly hint = 'Install anew with optional dependencies (npm install --include=optional), or use a database of your own: DATABASE_URL'

  constructor(message: string, options?: ErrorOptions) {
    super(options?.cause ? `${message}: ${messageOf(options.cause)}` : message, options)
  }
}

/** PostgreSQL cannot work with the files of the embedded database. They are never deleted. */
export class EmbeddedDataDamagedError extends TroupeError {
  readonly code = 'EMBEDDED_DATA_DAMAGED'
  readonly hint: string

  constructor(directory: string, reason: string, { log, lines = [] }: { log: string; lines?: readonly string[] }) {
    super(`The embedded database in ${directory} is damaged: ${[reason, ...lines].join('\n  ')}`)
    this.hint = `Nothing was deleted. Move the directory away to begin with an empty database, or put a backup in its place. Log: ${log}`
  }
}

export class EmbeddedVersionError extends TroupeError {
  readonly code = 'EMBEDDED_DATA_VERSION'
  readonly hint: string

  constructor(directory: string, found: string, ours: string) {
    super(`The embedded database in ${directory} was made by PostgreSQL ${found}, this troupe brings PostgreSQL ${ours}`)
    this.hint = `Use the troupe that made it, or move it over with pg_dumpall of PostgreSQL ${found}, or move the directory away to begin anew`
  }
}

export class EmbeddedNotWritableError extends TroupeError {
  readonly code = 'EMBEDDED_NOT_WRITABLE'
  readonly hint: string

  constructor(path: string, why: { cause?: unknown; reason?: string; lines?: readonly string[]; log?: string } = {}) {
    const reasons = [...(why.reason ? [why.reason] : []), ...(why.cause ? [messageOf(why.cause)] : []), ...(why.lines ?? [])]
    super(`The embedded database cannot use ${path}: ${reasons.join('\n  ')}`, { cause: why.cause })
    this.hint = `See whose it is and what is allowed there: ls -ld ${path}${why.log ? `. Log: ${why.log}` : ''}`
  }
}

export class EmbeddedTimeoutError extends TroupeError {
  readonly code = 'EMBEDDED_TIMEOUT'
  readonly hint: string

  constructor(message: string, { log, pid }: { log: string; pid?: number | undefined }) {
    super(pid ? `${message} (its process is ${pid})` : message)
    this.hint = `It may still be recovering from a crash: run the same command again. Its log says what it does: ${log}`
  }
}

/** Who starts or stops the embedded PostgreSQL does not move any more, and others wait. */
export class EmbeddedHeldError extends TroupeError {
  readonly code = 'EMBEDDED_HELD'
  readonly hint: string

  constructor({ host, pid, does }: { host: string; pid: number; does: 'starts' | 'stops' }, stillMs: number) {
    super(
      `Process ${pid} on ${host}, which ${does} the embedded PostgreSQL, has shown no sign of life for ${Math.round(stillMs / 1_000)} s`,
    )
    this.hint = `It is stopped, or hangs. On ${host}, let it go on (kill -CONT ${pid}) or end it (kill -KILL ${pid}); then run the same command again`
  }
}

export class EmbeddedStartError extends TroupeError {
  readonly code = 'EMBEDDED_START'
  readonly hint: string

  constructor(message: string, { hint, lines = [] }: { hint: string; lines?: readonly string[] }) {
    super([message, ...lines].join('\n  '))
    this.hint = hint
  }
}
