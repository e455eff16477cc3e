import postgres from 'postgres'
import { expect, test } from 'vitest'
import { embeddedStatus, keepEmbedded, startEmbedded, stopEmbedded } from '../../src/persistence/embedded.ts'
import type { Connection } from '../../src/persistence/embedded/address.ts'
import { until } from '../support/until.ts'
import { guest, newDirectory, stoppedCluster } from './embeddedProcess.ts'

async function query<T>(connection: Connection, statement: string): Promise<T[]> {
  const sql = postgres({ ...connection, max: 1 })
  try {
    return await sql.unsafe<(T & object)[]>(statement)
  } finally {
    await sql.end()
  }
}

const state = async (directory: string) => (await embeddedStatus(directory)).state

test('two processes share a server, and the last one out stops it', async () => {
  const directory = await newDirectory()
  expect(await embeddedStatus(directory)).toEqual({ state: 'absent', dataDirectory: `${directory}/postgres` })
  const first = guest(directory)
  const { connection } = await first.hears('in')
  const second = guest(directory)
  expect((await second.hears('in')).connection).toEqual(connection)
  expect(first.said.map(({ type }) => type)).toEqual(['initializing', 'starting', 'in'])
  expect(second.said.map(({ type }) => type)).toEqual(['in'])

  await first.release()
  expect(await state(directory)).toBe('running')
  await query(connection, 'create table kept as select 1 as n')
  await second.release()
  expect(await state(directory)).toBe('stopped')

  const third = guest(directory)
  await third.hears('in')
  expect(third.said.map(({ type }) => type)).toEqual(['starting', 'in'])
  expect(await query(connection, 'select n from kept')).toEqual([{ n: 1 }])
  await third.release()
  expect(await state(directory)).toBe('stopped')
})

test('the server of a killed process is found, used and stopped by the next', async () => {
  const directory = await stoppedCluster()
  const killed = guest(directory)
  await killed.hears('in')
  const { pid } = await embeddedStatus(directory)
  killed.child.kill('SIGKILL')
  await killed.ended

  const next = guest(directory)
  await next.hears('in')
  expect(next.said.map(({ type }) => type)).toEqual(['in'])
  expect((await embeddedStatus(directory)).pid).toBe(pid)
  await next.release()
  expect(await state(directory)).toBe('stopped')
})

test('ten processes that start at once make one cluster and one server, and all leave at once', async () => {
  const directory = await newDirectory()
  const guests = Array.from({ length: 10 }, () => guest(directory))
  const entered = await Promise.all(guests.map((one) => one.hears('in')))
  expect(new Set(entered.map(({ connection }) => JSON.stringify(connection))).size).toBe(1)
  const started = guests.flatMap(({ said }) => said.map(({ type }) => type)).filter((type) => type !== 'in')
  expect(started.sort()).toEqual(['initializing', 'starting'])
  await Promise.all(guests.map((one) => one.release()))
  expect(await state(directory)).toBe('stopped')
})

test('Ctrl-C and the end of a process leave the server alone, and the server does not keep a process', async () => {
  const directory = await stoppedCluster()
  const interrupted = guest(directory)
  await interrupted.hears('in')
  const { pid } = await embeddedStatus(directory)
  process.kill(-interrupted.child.pid!, 'SIGINT')
  expect(await interrupted.ended).toEqual({ code: null, signal: 'SIGINT' })
  expect(await embeddedStatus(directory)).toMatchObject({ state: 'running', pid })

  await stopEmbedded(directory)
  const idle = guest(directory, { idle: true })
  expect(await idle.ended).toEqual({ code: 0, signal: null })
  expect(await state(directory)).toBe('running')
})

test('two guests in one process count as two', async () => {
  const directory = await stoppedCluster()
  const first = await startEmbedded({ directory })
  const second = await startEmbedded({ directory })
  await Promise.all([first.release(), first.release()])
  expect(await state(directory)).toBe('running')
  await second.release()
  expect(await state(directory)).toBe('stopped')
})

test('a visitor with another program keeps the server, and our own connections do not', async () => {
  const directory = await stoppedCluster()
  const server = await startEmbedded({ directory })
  const visitor = postgres({ ...server.connection, max: 1, connection: { application_name: 'psql' } })
  await visitor`select 1`
  await server.release()
  expect(await embeddedStatus(directory)).toMatchObject({ state: 'running', version: '18.4', connections: 1 })
  await visitor.end()

  const again = await startEmbedded({ directory })
  const own = postgres({ ...again.connection, max: 1, onclose: () => {} })
  await own`select 1`
  await again.release()
  expect(await state(directory)).toBe('stopped')
  await own.end({ timeout: 0 })
})

test('a killed server is revived with what was stored, once for all who ask', async () => {
  const directory = await newDirectory()
  const started: string[] = []
  const server = await startEmbedded({ directory, onStart: (what) => started.push(what) })
  const other = guest(directory)
  await other.hears('in')
  await query(server.connection, 'create table kept as select 7 as n')
  const { pid } = await embeddedStatus(directory)
  process.kill(pid!, 'SIGKILL')
  await until('it is gone', async () => (await state(directory)) === 'stopped')

  await Promise.all([server.revive(), server.revive()])
  expect(await query(server.connection, 'select n from kept')).toEqual([{ n: 7 }])
  expect((await embeddedStatus(directory)).pid).not.toBe(pid)
  expect(started).toEqual(['initializing', 'starting', 'starting'])

  await server.revive()
  expect(started).toHaveLength(3)
  await server.release()
  await other.release()
  expect(await state(directory)).toBe('stopped')
  await server.revive()
  expect(await state(directory)).toBe('stopped')
})

test('a stop by hand is a stop, and those who are in start it again', async () => {
  const directory = await stoppedCluster()
  expect(await stopEmbedded(directory)).toBe(false)
  const server = await startEmbedded({ directory })
  expect(await stopEmbedded(directory)).toBe(true)
  expect(await state(directory)).toBe('stopped')
  expect(await stopEmbedded(directory)).toBe(false)
  await server.revive()
  expect(await state(directory)).toBe('running')
  await server.release()
  expect(await state(directory)).toBe('stopped')
})

test('a server that is to be kept stays when the last one leaves, until it is stopped', async () => {
  const directory = await stoppedCluster()
  const server = await startEmbedded({ directory })
  await keepEmbedded(directory)
  await server.release()
  expect(await state(directory)).toBe('running')
  await stopEmbedded(directory)
  await (await startEmbedded({ directory })).release()
  expect(await state(directory)).toBe('stopped')
})
