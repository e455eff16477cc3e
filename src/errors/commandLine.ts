import { messageOf, TroupeError } from './troupeError.ts'

/** A command line that cannot be understood, or that asks for what does not go together. */
export class UsageError extends TroupeError {
  readonly code = 'USAGE'
  override readonly exitCode = 2
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** Files would have to be overwritten. None was touched. */
export class FilesExistError extends TroupeError {
  readonly code = 'FILES_EXIST'
  readonly hint = 'Give another directory: troupe init DIR. Nothing was written'
  override readonly exitCode = 2

  constructor(files: readonly string[]) {
    super(`${new Intl.ListFormat('en').format(files)} ${files.length === 1 ? 'exists' : 'exist'} already`)
  }
}

/** What another path would have prevented; a full disk is none of these. */
const WRONG_PLACES: ReadonlySet<string> = new Set(['EEXIST', 'EISDIR', 'ENOTDIR', 'ENOENT', 'EACCES', 'ELOOP', 'ENAMETOOLONG'])

/** A file that a command was to write cannot be written. */
export class FileUnwritableError extends TroupeError {
  readonly code = 'FILE_UNWRITABLE'
  readonly hint: string
  override readonly exitCode: 1 | 2

  constructor(file: string, hint: string, cause: unknown) {
    super(`${file} cannot be written: ${messageOf(cause)}`, { cause })
    this.hint = hint
    this.exitCode = WRONG_PLACES.has(String((cause as NodeJS.ErrnoException).code)) ? 2 : 1
  }
}
