import { spawnSync } from 'node:child_process'
import { chmod, chown, cp, lstat, mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import postgres from 'postgres'
import { expect, onTestFinished, test } from 'vitest'
import { embeddedStatus, startEmbedded } from '../../src/persistence/embedded.ts'
import { canReach, commandAs, findSetpriv, findUser, type Account } from '../../src/persistence/embedded/account.ts'
import { copyBinaries, findBinaries, linkLibraries, program } from '../../src/persistence/embedded/binaries.ts'
import { POSTGRES_MAJOR } from '../../src/persistence/embedded/home.ts'
import { suits } from '../../src/persistence/embedded/socket.ts'
import { guest, newDirectory } from './embeddedProcess.ts'

const isRoot = process.getuid?.() === 0

async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(await realpath(tmpdir()), 'place-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

/** The effective capabilities of a process as a bit set, where the system has such a thing. */
const capabilities = async (pid = 0) =>
  Number.parseInt(/^CapEff:\s*(\w+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? '0', 16)

const CAP_DAC_READ_SEARCH = 0b100

test('in a directory with mode 0700 it runs as an ordinary user, durable, on a socket for nobody else', async () => {
  const directory = await newDirectory()
  expect((await stat(dirname(directory))).mode & 0o777).toBe(0o700)
  process.env['A_SECRET'] = 'sesame'
  onTestFinished(() => {
    delete process.env['A_SECRET']
  })
  const server = await startEmbedded({ directory })
  const sql = postgres({ ...server.connection, max: 1 })
  const [settings] = await sql`
    select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commits, current_setting('full_page_writes') as pages,
      current_setting('max_connections') as clients, current_setting('listen_addresses') as addresses, 'Zürich' || chr(0x1f3ad) as text,
      current_setting('server_encoding') as encoding, (select datlocale from pg_database where datname = current_database()) as locale,
      current_setting('server_version_num')::int / 10000 as major`
  expect(settings).toEqual({
    fsync: 'on',
    commits: 'on',
    pages: 'on',
    clients: '200',
    addresses: '',
    text: 'Zürich🎭',
    encoding: 'UTF8',
    locale: 'C.UTF-8',
    major: Number(POSTGRES_MAJOR),
  })
  await sql.end()

  const { pid } = await embeddedStatus(directory)
  const owner = await stat(server.dataDirectory)
  expect(owner.uid).toEqual(isRoot ? (await findUser(undefined)).uid : process.getuid?.())
  expect(await capabilities(pid)).toBe(isRoot && (await findSetpriv()) ? CAP_DAC_READ_SEARCH : 0)
  expect(await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).not.toContain('sesame')
  for (const path of [server.dataDirectory, server.connection.host]) {
    const found = await stat(path)
    expect({ mode: found.mode & 0o777, uid: found.uid }).toEqual({ mode: 0o700, uid: owner.uid })
  }
  await server.release()
})

test('where everybody may pass, no capability is handed on', async () => {
  const directory = await newDirectory()
  await chmod(dirname(directory), 0o755)
  const { native } = await findBinaries()
  const canReadBinaries = await canReach({ uid: 65_534, gid: 65_534 }, [join(native, 'bin')])
  const server = await startEmbedded({ directory })
  const { pid } = await embeddedStatus(directory)
  expect(await capabilities(pid)).toBe(isRoot && !canReadBinaries && (await findSetpriv()) ? CAP_DAC_READ_SEARCH : 0)
  await server.release()
})

test('without that capability root keeps the data where the server can reach it, and a link to it', async () => {
  const directory = await newDirectory()
  const setpriv = isRoot && (await findSetpriv())
  const one = guest(directory, setpriv ? { through: [setpriv, '--bounding-set=-dac_read_search'] } : {})
  const { dataDirectory, connection } = await one.hears('in')
  onTestFinished(() => rm(dirname(dataDirectory), { recursive: true, force: true }))
  expect(dirname(dirname(dataDirectory))).toBe(isRoot ? '/var/lib/troupe' : dirname(directory))
  expect(await realpath(join(directory, 'postgres'))).toBe(dataDirectory)
  expect(connection.host).toBe(join(dirname(dataDirectory), 'postgres.socket'))
  const sql = postgres({ ...connection, max: 1 })
  await sql`create table kept as select 1 as n`
  await sql.end()
  await one.release()

  const server = await startEmbedded({ directory })
  expect(server.dataDirectory).toBe(dataDirectory)
  const again = postgres({ ...server.connection, max: 1 })
  expect(await again`select n from kept`).toEqual([{ n: 1 }])
  await again.end()
  await server.release()
})

test.each([
  ['too long for a socket', 'x'.repeat(90)],
  ['odd for a list of hosts', 'one,"two":3'],
])('a path that is %s gets a short directory, which goes with the server', async (_, name) => {
  const directory = await newDirectory(name)
  const server = await startEmbedded({ directory })
  const { host } = server.connection
  expect(Buffer.byteLength(`${host}/.s.PGSQL.5432`)).toBeLessThanOrEqual(107)
  expect(host).toMatch(/\/troupe-[0-9a-f]{12}$/)
  expect((await stat(host)).mode & 0o777).toBe(0o700)
  expect((await embeddedStatus(directory)).state).toBe('running')
  await server.release()
  await expect(stat(host)).rejects.toThrow('ENOENT')
})

test('spaces, quotes and letters of all kinds in a path are no trouble', async () => {
  const directory = await newDirectory(`it's Zoë $HOME \\`)
  const server = await startEmbedded({ directory })
  const sql = postgres({ ...server.connection, max: 1 })
  expect(await sql`select 1 as n`).toEqual([{ n: 1 }])
  await sql.end()
  await server.release()
})

test('a socket path may have 107 bytes', () => {
  const longest = `/${'x'.repeat(107 - '/.s.PGSQL.5432'.length - 1)}`
  expect(suits(longest)).toBe(process.platform !== 'darwin')
  expect(suits(`${longest}x`)).toBe(false)
})

test('somebody else’s directory is not used for the socket, and an open one of ours is closed', async () => {
  const directory = await newDirectory('x'.repeat(90))
  const server = await startEmbedded({ directory })
  const { host } = server.connection
  await server.release()
  await mkdir(host, { mode: 0o755 })
  onTestFinished(() => rm(host, { recursive: true, force: true }))
  if (isRoot) await chown(host, 65_533, 65_533)

  const again = await startEmbedded({ directory })
  expect(again.connection.host).toMatch(new RegExp(isRoot ? `^${host}-\\w{6}$` : `^${host}$`))
  expect((await stat(again.connection.host)).mode & 0o777).toBe(0o700)
  await again.release()
})

test('by loopback there is a password, and without it nobody comes in', async () => {
  const directory = await newDirectory()
  const server = await startEmbedded({ directory, transport: 'loopback' })
  const { connection } = server
  expect(connection).toMatchObject({ host: '127.0.0.1', password: expect.stringMatching(/^[\w-]{32}$/) })
  expect((await stat(join(directory, 'postgres.password'))).mode & 0o777).toBe(0o600)
  const sql = postgres({ ...connection, max: 1 })
  expect(await sql`select 1 as n`).toEqual([{ n: 1 }])
  await sql.end()
  const stranger = postgres({ ...connection, password: 'guess', max: 1 })
  await expect(stranger`select 1`).rejects.toThrow('password authentication failed')
  await stranger.end()
  process.kill((await embeddedStatus(directory)).pid!, 'SIGINT')
  await server.revive()
  expect(server.connection).toEqual(connection)
  await server.release()
})

/** Each as `libpq.so.5 -> libpq.so.5.18`. */
async function links(native: string): Promise<string[]> {
  const found = []
  for (const name of await readdir(join(native, 'lib'))) {
    const target = await readlink(join(native, 'lib', name)).catch(() => undefined)
    if (target) found.push(`${name} -> ${target}`)
  }
  return found.sort()
}

test('links between libraries are made where install scripts did not run', async () => {
  const { native } = await findBinaries()
  const root = await scratch()
  await cp(dirname(native), root, { recursive: true, filter: async (path) => !(await lstat(path)).isSymbolicLink() })
  const version = () => spawnSync(join(root, 'native/bin/initdb'), ['--version'], { encoding: 'utf8' })
  await Promise.all([linkLibraries(root), linkLibraries(root)])
  expect(await links(join(root, 'native'))).toEqual(await links(native))
  expect(version().stdout).toContain(`(PostgreSQL) ${POSTGRES_MAJOR}.`)
})

test('the binaries may be beneath a directory with mode 0700', async () => {
  const root = await scratch()
  const found = await findBinaries()
  const copies = await Promise.all([copyBinaries(found, root), copyBinaries(found, root)])
  expect(copies[0]).toEqual(copies[1])
  expect(await readdir(root)).toHaveLength(1)
  const setpriv = await findSetpriv()
  // Where root has no capability to give, copies are made so that all can reach them: the other test of this file.
  const account: Account = isRoot && setpriv ? { kind: 'capable', setpriv, ...(await findUser(undefined)) } : { kind: 'self' }
  const { file, args } = commandAs(account, program(copies[0], 'initdb'), ['--version'])
  expect(spawnSync(file, args, { encoding: 'utf8', cwd: '/' }).stdout).toContain(`(PostgreSQL) ${POSTGRES_MAJOR}.`)

  const data = join(root, 'data')
  await mkdir(data)
  if (account.kind !== 'self') await chown(data, account.uid, account.gid)
  const initdb = commandAs(account, program(copies[0], 'initdb'), [`--pgdata=${data}`, '--username=x', '--no-sync'])
  const made = spawnSync(initdb.file, initdb.args, { encoding: 'utf8', cwd: '/', env: { LC_ALL: 'C', TZ: 'UTC' } })
  expect(made.stderr).toContain(account.kind === 'self' && isRoot ? 'cannot be run as root' : 'enabling "trust" authentication')
})

test('a platform without binaries is named', async () => {
  await expect(findBinaries('plan9-mips')).rejects.toMatchObject({
    code: 'EMBEDDED_BINARIES',
    message: expect.stringContaining('There is no embedded PostgreSQL for plan9-mips'),
  })
})
