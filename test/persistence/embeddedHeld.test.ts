import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test, vi } from 'vitest'
import { keepEmbedded, startEmbedded, stopEmbedded } from '../../src/persistence/embedded.ts'
import { signAs, Watch } from '../../src/persistence/embedded/holder.ts'
import { tryLock } from '../../src/persistence/embedded/lock.ts'
import { guest, newDirectory, stoppedCluster } from './embeddedProcess.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const SHORT = { silentMs: 0, stillMs: 100 }
const ENDLESS = { silentMs: 0, stillMs: Number.POSITIVE_INFINITY }

afterEach(() => {
  vi.restoreAllMocks()
})

/** A directory whose database somebody was about to start when he was stopped. */
async function held() {
  const directory = await newDirectory()
  const holder = guest(directory, { stopped: true })
  await holder.hears('initializing')
  return { directory, holder, line: `waiting for process ${holder.child.pid} on ${hostname()}, which starts the embedded PostgreSQL` }
}

test('(s3) whoever waits for a start says for whom, and a holder that does not move is named, with the way to end it', async () => {
  const { directory, holder, line } = await held()
  const { pid } = holder.child
  const lines: string[] = []
  await expect(startEmbedded({ directory, patience: SHORT, onWait: (said) => lines.push(said) })).rejects.toMatchObject({
    code: 'EMBEDDED_HELD',
    message: expect.stringContaining(
      `Process ${pid} on ${hostname()}, which starts the embedded PostgreSQL, has shown no sign of life for`,
    ),
    hint: expect.stringContaining(`end it (kill -KILL ${pid})`),
  })
  expect(lines).toEqual([line])

  // Goes on by itself when the holder does.
  const entered = await startEmbedded({ directory, patience: ENDLESS, onWait: () => holder.child.kill('SIGCONT') })
  await holder.hears('in')
  await holder.release()
  await entered.release()
})

test('(s3) the wait for a start ends at once when it is told to, and a killed holder keeps nobody', async () => {
  const { directory, holder } = await held()
  const controller = new AbortController()
  const reason = new Error('enough')
  const { signal } = controller
  await expect(startEmbedded({ directory, patience: ENDLESS, signal, onWait: () => controller.abort(reason) })).rejects.toBe(reason)

  const entered = await startEmbedded({ directory, patience: ENDLESS, onWait: () => holder.child.kill('SIGKILL') })
  await entered.release()
})

test('(s3) a command says for whom it waits, and Ctrl-C ends it', async () => {
  const { directory, holder, line } = await held()
  const cwd = dirname(directory)
  await writeFile(join(cwd, 'skill.mjs'), 'export default (items) => items')
  await writeFile(join(cwd, 'plan.json'), JSON.stringify({ name: 'held', skill: './skill.mjs', scenarios: { only: { size: 1 } } }))
  const { TROUPE_DATABASE_URL: _ours, DATABASE_URL: _theirs, ...env } = process.env
  for (const args of [
    ['run', 'plan.json'],
    ['db', 'start'],
  ]) {
    const command = spawn(process.execPath, [CLI, ...args], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] })
    const said = text(command.stderr)
    command.stderr.on('data', (chunk) => String(chunk).includes('waiting for') && command.kill('SIGINT'))
    expect(await once(command, 'exit')).toEqual([130, null])
    expect(await said).toContain(line)
  }
  holder.child.kill('SIGKILL')
})

test('(s3) so does whoever stops a database, and whoever finds one that is being stopped', async () => {
  const directory = await stoppedCluster()
  const server = await startEmbedded({ directory })
  const file = join(directory, 'postgres.start.json')
  const lines: string[] = []
  const onWait = (line: string) => void lines.push(line)
  const stops = `process ${process.pid} on ${hostname()}, which stops the embedded PostgreSQL`
  {
    using _start = tryLock(join(directory, 'postgres.start.lock'), 'exclusive')
    using _sign = signAs('stops', file)
    await expect(stopEmbedded(directory, { patience: SHORT, onWait })).rejects.toMatchObject({ code: 'EMBEDDED_HELD' })
  }
  await keepEmbedded(directory)
  await server.release()
  {
    using _members = tryLock(join(directory, 'postgres.members.lock'), 'exclusive')
    using _sign = signAs('stops', file)
    await expect(startEmbedded({ directory, patience: SHORT, onWait })).rejects.toMatchObject({
      code: 'EMBEDDED_HELD',
      message: expect.stringContaining(stops.replace('process', 'Process')),
    })
  }
  expect(lines).toEqual([`waiting for ${stops}`, `waiting for ${stops}`])
})

test('(s3) a holder that shows life is waited for, and time in which the waiter was stopped itself does not count', async () => {
  const file = join(dirname(await newDirectory()), 'holder.json')
  using _sign = signAs('starts', file)
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const lines: string[] = []
  const watch = new Watch(file, { onWait: (line) => lines.push(line) })
  const pass = (ms: number) => {
    for (const end = now + ms; now < end; ) {
      now += 100
      watch.look()
    }
  }
  pass(400)
  expect(lines).toEqual([])
  pass(9_000)
  expect(lines).toHaveLength(1)
  await utimes(file, 1, 1)
  pass(9_900)
  await utimes(file, 2, 2)
  now += 3_600_000
  watch.look()
  pass(9_900)
  expect(() => pass(300)).toThrow('for 10 s')
  expect(lines).toHaveLength(1)
})
