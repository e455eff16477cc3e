import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Account } from './account.ts'
import { codeOf } from './codeOf.ts'

export const SOCKET_PORT = 5432
/** Of a socket's path, in bytes: what the kernel's `sun_path` holds, less its terminator. */
const MAX_PATH_BYTES = process.platform === 'darwin' ? 103 : 107

/** A directory with mode 0700 for the socket of a server that runs as `account`: beside the data, or a short one if that is too long. */
export async function makeSocketDirectory(dataDirectory: string, account: Account): Promise<string> {
  const beside = join(dirname(dataDirectory), 'postgres.socket')
  const name = `troupe-${createHash('sha256').update(dataDirectory).digest('hex').slice(0, 12)}`
  const candidates = [beside, join(tmpdir(), name), join('/tmp', name)]
  const directory = candidates.find(suits) ?? join('/tmp', name)
  return (await claim(directory, account)) ? directory : giveTo(account, await mkdtemp(`${directory}-`))
}

/** PostgreSQL reads its setting as a list with commas and quotes, postgres.js reads `host` as one with commas and ports. */
export const suits = (directory: string) =>
  Buffer.byteLength(join(directory, `.s.PGSQL.${SOCKET_PORT}`)) <= MAX_PATH_BYTES && !/[,:"]/.test(directory)

/** False if somebody else has made it: in a directory that all share, anybody can. */
async function claim(directory: string, account: Account): Promise<boolean> {
  try {
    await mkdir(directory, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    const found = await lstat(directory)
    if (!found.isDirectory()) return false
    if (found.uid !== process.getuid?.()) return account.kind !== 'self' && found.uid === account.uid && (found.mode & 0o077) === 0
    await chmod(directory, 0o700)
  }
  await giveTo(account, directory)
  return true
}

/** Returns `path`, which now belongs to the server's user. */
export async function giveTo(account: Account, path: string): Promise<string> {
  if (account.kind !== 'self') await chown(path, account.uid, account.gid)
  return path
}
