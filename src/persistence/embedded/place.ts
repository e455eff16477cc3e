import { chmod, mkdir, mkdtemp, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EmbeddedNotWritableError, EmbeddedStartError } from '../../errors.ts'
import { canReach, findSetpriv, findUser, type Account } from './account.ts'
import { copyBinaries, findBinaries, type Binaries } from './binaries.ts'
import type { Home } from './home.ts'

/** Root's data and binaries, where the server's user cannot be given a way to where they should be. */
const SHELTER = '/var/lib/troupe'

/** All that has to be known to run a program of PostgreSQL on a home's data. */
export interface Place {
  home: Home
  binaries: Binaries
  account: Account
}

/**
 * Where a server of `home` can run, and as whom. An ordinary user runs it himself. Root takes a user who can reach everything,
 * by permissions or by a capability; failing that, new data and a copy of the binaries go where he can.
 *
 * @throws {EmbeddedBinariesError}
 * @throws {EmbeddedNotWritableError} The data belong to root.
 * @throws {EmbeddedStartError} No user will do.
 */
export async function findPlace(home: Home, data: 'absent' | 'present'): Promise<Place> {
  const binaries = await findBinaries()
  if (process.getuid?.() !== 0) return { home, binaries, account: { kind: 'self' } }

  const owner = data === 'present' ? await stat(home.dataDirectory) : undefined
  if (owner?.uid === 0)
    throw new EmbeddedNotWritableError(home.dataDirectory, { reason: 'belongs to root, as whom PostgreSQL refuses to run' })
  const user = await findUser(owner)
  const readsData = await canReach(user, [dirname(home.dataDirectory)])
  const readsBinaries = await canReach(
    user,
    ['bin', 'lib', 'share'].map((part) => join(binaries.native, part)),
  )
  if (readsData && readsBinaries) return { home, binaries, account: { kind: 'user', ...user } }
  const setpriv = await findSetpriv()
  if (setpriv) return { home, binaries, account: { kind: 'capable', setpriv, ...user } }

  if (!readsData && data === 'present') {
    throw new EmbeddedStartError(`The user with id ${user.uid}, to whom ${home.dataDirectory} belongs, cannot reach it`, {
      hint: `Let others pass through the directories above (chmod o+x ${dirname(home.dataDirectory)}, and so on), or install setpriv`,
    })
  }
  return {
    home: readsData ? home : await shelter(home),
    binaries: readsBinaries ? binaries : await copyBinaries(binaries, await makeShelter()),
    account: { kind: 'user', ...user },
  }
}

async function shelter(home: Home): Promise<Home> {
  const directory = await mkdtemp(join(await makeShelter(), 'data-'))
  await chmod(directory, 0o711)
  return { ...home, dataDirectory: join(directory, 'postgres') }
}

async function makeShelter(): Promise<string> {
  try {
    await mkdir(SHELTER, { recursive: true })
    await chmod(SHELTER, 0o755)
    return SHELTER
  } catch (cause) {
    throw new EmbeddedNotWritableError(SHELTER, { cause })
  }
}
