import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeHome } from '../../src/persistence/embedded/home.ts'

// Root's server runs as another user, who has to pass through the directory.
const CLOSED = process.getuid?.() === 0 ? 0o711 : 0o700

const modeOf = async (path: string) => (await stat(path)).mode & 0o777

async function place() {
  const above = await mkdtemp(join(tmpdir(), 'troupe-home-'))
  onTestFinished(() => rm(above, { recursive: true, force: true }))
  return join(above, '.troupe')
}

test.skipIf(process.platform === 'win32')('(F11) nobody else may hold the locks of an embedded database', async () => {
  const directory = await place()
  const { startLock, members } = await makeHome(directory)
  expect(await Promise.all([directory, startLock, members].map(modeOf))).toEqual([CLOSED, 0o600, 0o600])
})

test.skipIf(process.platform === 'win32')('(F11) what an earlier version left open to all is closed', async () => {
  const directory = await place()
  const { startLock, members } = await makeHome(directory)
  await chmod(directory, 0o755)
  for (const file of [startLock, members]) {
    await writeFile(file, '')
    await chmod(file, 0o664)
  }
  await makeHome(directory)
  expect(await Promise.all([directory, startLock, members].map(modeOf))).toEqual([CLOSED, 0o600, 0o600])
})
