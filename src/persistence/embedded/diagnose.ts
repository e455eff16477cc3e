import {
  EmbeddedBinariesError,
  EmbeddedDataDamagedError,
  EmbeddedNotWritableError,
  EmbeddedStartError,
  type TroupeError,
} from '../../errors.ts'
import type { Home } from './home.ts'

/**
 * Another server on the same data, or what is left of a killed one, is about to be ready or gone: worth another look.
 */
export const isPassing = (lines: readonly string[]) =>
  /lock file "(?:postmaster\.pid|[^"]*\.lock)" already exists|pre-existing shared memory block/.test(lines.join('\n'))

const DAMAGED =
  /PANIC|invalid (?:primary )?checkpoint|incorrect checksum|could not (?:open|read|access|stat|find) (?:file|directory|the database system|relation mapping)|database files are incompatible|is not a valid data directory|does not exist|corrupt/i

/** What the last lines of the log of a program that failed come to. */
export function diagnose(home: Home, lines: readonly string[], error?: Error): TroupeError {
  const text = lines.join('\n')
  const { log, dataDirectory } = home
  if (error) return new EmbeddedBinariesError('The embedded PostgreSQL does not run here', { cause: error })
  if (/error while loading shared libraries|symbol lookup error|Exec format error|Library not loaded/.test(text)) {
    return new EmbeddedBinariesError(`The embedded PostgreSQL does not run here: ${text}`)
  }
  if (/No space left on device|Disk quota exceeded/.test(text)) {
    return new EmbeddedStartError(`There is no space left for the embedded database in ${dataDirectory}`, {
      hint: `Make room and run the same command again. Log: ${log}`,
      lines,
    })
  }
  if (/Permission denied|Read-only file system|Operation not permitted|has wrong ownership/.test(text)) {
    return new EmbeddedNotWritableError(dataDirectory, { lines, log })
  }
  if (DAMAGED.test(text)) return new EmbeddedDataDamagedError(dataDirectory, 'PostgreSQL does not start on it', { log, lines })
  return new EmbeddedStartError('The embedded PostgreSQL did not start', { hint: `Its log says more: ${log}`, lines })
}
