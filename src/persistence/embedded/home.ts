import { access, chmod, constants, mkdir, readFile, readdir, lstat, realpath, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { EmbeddedDataDamagedError, EmbeddedNotWritableError, EmbeddedVersionError } from '../../errors.ts'
import { codeOf } from './codeOf.ts'

/** The major version of the binaries that are installed with this package. */
export const POSTGRES_MAJOR = '18'

/** Where an embedded database keeps things. */
export interface Home {
  /** `.troupe`, absolute. */
  directory: string
  /** `.troupe/postgres`; a symbolic link where the server's user cannot reach below `.troupe`. */
  link: string
  /** Where `link` leads. */
  dataDirectory: string
  log: string
  /** Held (exclusively) by whoever starts or stops the server. */
  startLock: string
  /** Says who that is. */
  starter: string
  /** Held (shared) by every process that is in. */
  members: string
}

export async function findHome(directory: string): Promise<Home> {
  const absolute = resolve(directory)
  const real = await realpath(absolute).catch(() => absolute)
  const link = join(real, 'postgres')
  return {
    directory: real,
    link,
    dataDirectory: await realpath(link).catch(() => link),
    log: join(real, 'postgres.log'),
    startLock: join(real, 'postgres.start.lock'),
    starter: join(real, 'postgres.start.json'),
    members: join(real, 'postgres.members.lock'),
  }
}

/** Root's server runs as another user, who has to pass. */
const DIRECTORY_MODE = process.getuid?.() === 0 ? 0o711 : 0o700

/** Whoever may open a lock file can hold it, and every command waits. Of what is ours nobody else needs anything. */
async function closeToOthers(directory: string) {
  if (process.platform === 'win32') return
  const ours = process.getuid!()
  for (const [path, mode] of [
    [directory, DIRECTORY_MODE],
    [join(directory, 'postgres.start.lock'), 0o600],
    [join(directory, 'postgres.members.lock'), 0o600],
  ] as const) {
    const found = await stat(path).catch(() => undefined)
    if (!found && mode === 0o600) await writeFile(path, '', { flag: 'a', mode })
    else if (found?.uid === ours && (found.mode & 0o777 & ~mode) !== 0) await chmod(path, found.mode & mode)
  }
}

/** What is kept for a project, closed to others. Data have no place in a repository. */
export async function makeDirectory(directory: string): Promise<void> {
  const made = await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE })
  if (made !== undefined) await writeFile(join(directory, '.gitignore'), '*\n')
}

/** @throws {EmbeddedNotWritableError} */
export async function makeHome(directory: string): Promise<Home> {
  try {
    await makeDirectory(directory)
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK)
    await closeToOthers(directory)
  } catch (cause) {
    throw new EmbeddedNotWritableError(resolve(directory), { cause })
  }
  return findHome(directory)
}

/**
 * Whether there is a cluster, looked at from outside.
 * @throws {EmbeddedDataDamagedError}
 * @throws {EmbeddedVersionError} It is of another major version.
 * @throws {EmbeddedNotWritableError} It is somebody else's.
 */
export async function inspectData({ link, dataDirectory, log }: Home): Promise<'absent' | 'present'> {
  const damaged = (reason: string) => new EmbeddedDataDamagedError(dataDirectory, reason, { log })
  let entries: string[]
  try {
    entries = await readdir(dataDirectory)
  } catch (cause) {
    const code = codeOf(cause)
    if (code === 'ENOENT') {
      if (await lstat(link).catch(() => undefined)) throw damaged('this symbolic link leads nowhere')
      return 'absent'
    }
    if (code === 'ENOTDIR') throw damaged('it is no directory')
    throw new EmbeddedNotWritableError(dataDirectory, { cause })
  }
  if (entries.length === 0) return 'absent'
  if (!entries.includes('PG_VERSION')) throw damaged('the file PG_VERSION is missing')
  const version = (await readFile(join(dataDirectory, 'PG_VERSION'), 'utf8')).trim()
  if (!/^\d+(\.\d+)?$/.test(version)) throw damaged('the file PG_VERSION holds no version')
  if (version !== POSTGRES_MAJOR) throw new EmbeddedVersionError(dataDirectory, version, POSTGRES_MAJOR)
  for (const needed of ['base', 'global/pg_control', 'pg_wal', 'pg_xact', 'postgresql.conf', 'pg_hba.conf']) {
    if (!(await exists(join(dataDirectory, needed)))) throw damaged(`${needed} is missing`)
  }
  return 'present'
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )
