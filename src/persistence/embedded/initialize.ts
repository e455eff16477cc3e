import { randomBytes } from 'node:crypto'
import { mkdtemp, open, readdir, readFile, realpath, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EmbeddedNotWritableError } from '../../errors.ts'
import { DATABASE_USER, passwordFile, type Transport } from './address.ts'
import { diagnose } from './diagnose.ts'
import { launch } from './programs.ts'
import type { Place } from './place.ts'
import { giveTo } from './socket.ts'

/**
 * Makes a new cluster. It is made beside its place and moved there complete, so that a data directory is never half of one.
 * Call it under the start lock only.
 * @throws {EmbeddedStartError} and the other errors of `diagnose`
 */
export async function initialize(place: Place, transport: Transport): Promise<void> {
  const { dataDirectory, link } = place.home
  const parent = dirname(dataDirectory)
  const draftPrefix = `${basename(dataDirectory)}.new-`
  for (const name of await readdir(parent)) {
    // Its maker was killed. The maker's initdb may still be at work in it, and gives up when it finds its files gone.
    if (name.startsWith(draftPrefix)) await rm(join(parent, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  }
  const draft = await mkdtemp(join(parent, draftPrefix)).catch((cause: unknown) => {
    throw new EmbeddedNotWritableError(parent, { cause })
  })
  try {
    await giveTo(place.account, draft)
    await runInitdb(place, draft, transport)
    await rename(draft, dataDirectory)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
  if ((await realpath(link).catch(() => link)) !== dataDirectory) {
    await rmdir(link).catch(() => {})
    await symlink(dataDirectory, link)
    await syncDirectory(dirname(link))
  }
  await syncDirectory(parent)
}

async function runInitdb(place: Place, draft: string, transport: Transport): Promise<void> {
  const authentication =
    transport === 'loopback'
      ? ['--auth=scram-sha-256', `--pwfile=${await makePassword(place)}`]
      : ['--auth-local=trust', '--auth-host=reject']
  const initdb = await launch(place, 'initdb', [
    `--pgdata=${draft}`,
    `--username=${DATABASE_USER}`,
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--set=max_connections=200',
    '--no-instructions',
    ...authentication,
  ])
  const { code, error } = await initdb.whenEnded
  if (code === 0) return
  throw diagnose(place.home, await initdb.tail(), error)
}

/** The one that an earlier, interrupted attempt made will do. */
async function makePassword({ home, account }: Place): Promise<string> {
  const file = passwordFile(home)
  const password = (await readFile(file, 'utf8').catch(() => '')) || randomBytes(24).toString('base64url')
  await writeFile(file, password, { mode: 0o600 })
  return giveTo(account, file)
}

/** A rename is durable once its directory is. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory)
  await handle.sync()
  await handle.close()
}
