import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, chown, cp, mkdir, open, readdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { TroupeError } from '../../src/errors.ts'
import { embeddedStatus, startEmbedded, stopEmbedded } from '../../src/persistence/embedded.ts'
import { tryLock } from '../../src/persistence/embedded/lock.ts'
import { killIfThere } from '../support/processes.ts'
import { until } from '../support/until.ts'
import { guest, newDirectory, stoppedCluster } from './embeddedProcess.ts'

async function failure(directory: string, timeoutMs?: number): Promise<TroupeError> {
  try {
    await startEmbedded({ directory, ...(timeoutMs && { timeoutMs }) })
  } catch (error) {
    if (error instanceof TroupeError) return error
    throw error
  }
  throw new Error('It started')
}

async function contents(directory: string): Promise<string> {
  const hash = createHash('sha256')
  const names = await readdir(directory, { recursive: true })
  for (const name of names.sort()) {
    hash.update(name)
    const path = join(directory, name)
    if ((await stat(path)).isFile()) hash.update(await readFile(path))
  }
  return hash.digest('hex')
}

test('what is wrong with the data is said, and nothing is deleted', async () => {
  const directory = await stoppedCluster()
  const data = join(directory, 'postgres')
  const PG_VERSION = join(data, 'PG_VERSION')

  await rename(PG_VERSION, `${PG_VERSION}.away`)
  const before = await contents(data)
  const missing = await failure(directory)
  expect(missing).toMatchObject({
    code: 'EMBEDDED_DATA_DAMAGED',
    message: `The embedded database in ${data} is damaged: the file PG_VERSION is missing`,
  })
  expect(missing.hint).toContain(join(directory, 'postgres.log'))
  expect(await contents(data)).toBe(before)

  await writeFile(PG_VERSION, 'garbage\n')
  expect((await failure(directory)).message).toContain('the file PG_VERSION holds no version')

  await writeFile(PG_VERSION, '17\n')
  expect(await failure(directory)).toMatchObject({
    code: 'EMBEDDED_DATA_VERSION',
    message: `The embedded database in ${data} was made by PostgreSQL 17, this troupe brings PostgreSQL 18`,
  })

  await writeFile(PG_VERSION, '18\n')
  await rename(join(data, 'global/pg_control'), join(data, 'global/pg_control.away'))
  expect((await failure(directory)).message).toContain('global/pg_control is missing')

  await rename(join(data, 'global/pg_control.away'), join(data, 'global/pg_control'))
  await (await startEmbedded({ directory })).release()
})

test('damage that only PostgreSQL sees is shown in its own words', async () => {
  const directory = await stoppedCluster()
  const control = await open(join(directory, 'postgres/global/pg_control'), 'r+')
  await control.write(Buffer.alloc(64, 0xff), 0, 64, 40)
  await control.close()
  const error = await failure(directory)
  expect(error.code).toBe('EMBEDDED_DATA_DAMAGED')
  expect(error.message).toMatch(/incorrect checksum in control file|control file appears to be corrupt/)
  expect(error.message).not.toMatch(/\d\d:\d\d:\d\d/)
  expect(await readdir(directory)).toContain('postgres')
})

test('lost write-ahead log is damage', async () => {
  const directory = await stoppedCluster()
  const wal = join(directory, 'postgres/pg_wal')
  for (const name of await readdir(wal)) if (/^[0-9A-F]{24}$/.test(name)) await rm(join(wal, name))
  const error = await failure(directory)
  expect(error.code).toBe('EMBEDDED_DATA_DAMAGED')
  expect(error.message).toContain('could not locate a valid checkpoint record')
})

test('a setting that PostgreSQL refuses is shown in its own words', async () => {
  const directory = await stoppedCluster()
  await writeFile(join(directory, 'postgres/postgresql.auto.conf'), 'shared_buffers = plenty\n')
  const error = await failure(directory)
  expect(error.code).toBe('EMBEDDED_START')
  expect(error.message).toContain('invalid value for parameter "shared_buffers": "plenty"')
})

test('a link that leads nowhere is not taken for a missing database', async () => {
  const directory = await newDirectory()
  await mkdir(directory)
  await symlink('/nowhere/at/all', join(directory, 'postgres'))
  const error = await failure(directory)
  expect(error.code).toBe('EMBEDDED_DATA_DAMAGED')
  expect(error.message).toContain('this symbolic link leads nowhere')
  await rm(join(directory, 'postgres'))
})

test('what cannot be written is named', async () => {
  const directory = await newDirectory()
  await writeFile(directory, 'a file')
  expect(await failure(directory)).toMatchObject({ code: 'EMBEDDED_NOT_WRITABLE', message: expect.stringContaining(directory) })
  await rm(directory)

  const data = join(directory, 'postgres')
  await (await startEmbedded({ directory })).release()
  await chmod(data, 0o500)
  expect(await failure(directory)).toMatchObject({ code: 'EMBEDDED_NOT_WRITABLE', message: expect.stringContaining(data) })
  await chmod(data, 0o755)
  await (await startEmbedded({ directory })).release()
  expect((await stat(data)).mode & 0o777).toBe(0o700)
})

test('whoever waits for a start that does not get done says so', async () => {
  const directory = await stoppedCluster()
  using starting = tryLock(join(directory, 'postgres.start.lock'), 'exclusive')
  expect(starting).toBeDefined()
  const error = await failure(directory, 50)
  expect(error.code).toBe('EMBEDDED_TIMEOUT')
  expect(error.hint).toContain(join(directory, 'postgres.log'))
})

test('a maker of the cluster who is killed at it leaves nothing that is taken for one', async () => {
  const directory = await newDirectory()
  const killed = guest(directory)
  await killed.hears('initializing')
  // In the middle of initdb: its first files are there.
  await until('initdb has begun', async () =>
    (await readdir(directory, { recursive: true }).catch(() => [])).some((name) => name.endsWith('pg_hba.conf')),
  )
  killed.child.kill('SIGKILL')
  await killed.ended
  expect((await embeddedStatus(directory)).state).toBe('absent')

  await (await startEmbedded({ directory })).release()
  const left = await readdir(directory)
  expect(left).toContain('postgres')
  expect(left.filter((name) => name.startsWith('postgres.new-'))).toEqual([])
})

test('a starter who is killed while the server starts is no hindrance', async () => {
  const directory = await stoppedCluster()
  const killed = guest(directory)
  await killed.hears('starting')
  killed.child.kill('SIGKILL')
  await killed.ended
  const server = await startEmbedded({ directory })
  expect((await embeddedStatus(directory)).state).toBe('running')
  await server.release()
  expect((await embeddedStatus(directory)).state).toBe('stopped')
})

test('a lock file of before a crash may name any process', async () => {
  const directory = await stoppedCluster()
  const server = await startEmbedded({ directory })
  const pidFile = join(directory, 'postgres/postmaster.pid')
  const socketLock = join(directory, 'postgres.socket/.s.PGSQL.5432.lock')
  const [pid = '', ...rest] = (await readFile(pidFile, 'utf8')).split('\n')
  process.kill(Number(pid), 'SIGKILL')
  await until('it is gone', async () => (await embeddedStatus(directory)).state === 'stopped')
  // Another program of the server's user: of all pids PostgreSQL itself takes such a one seriously.
  const { uid } = await stat(server.dataDirectory)
  // One of the system's, which that user can reach wherever this repository is.
  const stranger = spawn('sleep', ['100000'], {
    cwd: '/',
    stdio: 'ignore',
    ...(process.getuid?.() === 0 && { uid }),
  })
  onTestFinished(() => {
    stranger.kill('SIGKILL')
  })
  for (const file of [pidFile, socketLock]) await writeFile(file, [String(stranger.pid), ...rest].join('\n'))

  await server.revive()
  expect((await embeddedStatus(directory)).pid).not.toBe(Number(pid))
  await server.release()
  expect((await embeddedStatus(directory)).state).toBe('stopped')
})

test('a copy of a directory whose server runs gets a server of its own', async () => {
  const directory = await stoppedCluster()
  const original = await startEmbedded({ directory })
  await (await startEmbedded({ directory })).release()
  const copied = await newDirectory()
  await cp(directory, copied, { recursive: true, filter: (path) => !path.includes('.s.PGSQL') })
  if (process.getuid?.() === 0) {
    const { uid, gid } = await stat(join(directory, 'postgres'))
    for (const name of ['', ...(await readdir(copied, { recursive: true }))]) await chown(join(copied, name), uid, gid)
  }
  const copy = await startEmbedded({ directory: copied })
  expect(copy.connection.host).not.toBe(original.connection.host)
  expect((await embeddedStatus(copied)).pid).not.toBe((await embeddedStatus(directory)).pid)
  await copy.release()
  expect((await embeddedStatus(directory)).state).toBe('running')
  await original.release()
})

test('a directory may be moved once its server is stopped, and removed while it runs', async () => {
  const directory = await stoppedCluster()
  const moved = join(dirname(directory), 'moved', '.troupe')
  await mkdir(dirname(moved))
  await rename(directory, moved)
  const server = await startEmbedded({ directory: moved })
  expect(server.dataDirectory).toBe(join(await realpath(moved), 'postgres'))
  const { pid } = await embeddedStatus(moved)
  await rm(moved, { recursive: true, force: true })
  await server.release()
  killIfThere(pid!, 'SIGQUIT')
  expect(await stopEmbedded(moved)).toBe(false)
})
