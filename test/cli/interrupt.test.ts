import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Report } from '../../src/index.ts'
import { deafLine } from '../durability/server.ts'
import { createDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { makePlace, planOf, type Place, type Started } from './commandLine.ts'

/** Appends each item that it is asked for to `calls.txt`. From the middle on it waits until the gate is open, whatever it is told. */
const SKILL = `
import { appendFileSync, existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
export default async (items) => {
  while (items[0].index >= 100 && !existsSync(new URL('open', import.meta.url))) await wait(5)
  appendFileSync(new URL('calls.txt', import.meta.url), items.map((item) => item.index + '\\n').join(''))
  return { results: items, quality: 0.75 }
}
`

let place: Place
beforeEach(async () => {
  const plan = planOf({ scenarios: { only: { size: 200 } }, shutdownMs: 3_600_000 })
  place = await makePlace({ 'skill.mjs': SKILL, 'plan.json': plan }, { shared: true })
})
afterEach(() => place.remove())

/** In the middle of its run: what is in flight then can be done, and no more. */
async function interrupt({ process, said }: Started, signal: 'SIGINT' | 'SIGTERM') {
  await said(/only 50%/)
  process.kill(signal)
  await said(/^stopping: /m)
  await place.write({ open: '' })
}

const calls = async () => (await readFile(join(place.directory, 'calls.txt'), 'utf8')).trimEnd().split('\n').map(Number)

test.for(['SIGINT', 'SIGTERM'] as const)('after %s a run is stored, and the command that is named goes on with it', async (signal) => {
  const first = place.start(['run', 'plan.json'])
  await interrupt(first, signal)
  const { code, stdout, stderr } = await first.ended
  expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
  const [, id] = /^run (\S+) \(new\)$/m.exec(stderr)!
  expect(stderr.trimEnd().split('\n').slice(-2)).toEqual([
    `interrupted: run ${id} is saved up to here`,
    `hint: go on with: troupe resume ${id}`,
  ])

  const second = await place.troupe(['resume', id!, '--json'])
  expect(second.code).toBe(0)
  expect(second.stderr).toMatch(new RegExp(`^going on with run ${id}\n`))
  expect(second.stderr).not.toContain('only 50%')
  const { run, scenarios: reported } = JSON.parse(second.stdout) as Report
  expect([run, reported[0]!.items]).toEqual([id, 200])
  // Graceful: what was in flight was stored too, so no item is asked for twice.
  expect((await calls()).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_none, index) => index))
})

test('the same command goes on as well, and says the report again once the run has ended', async () => {
  const first = place.start(['run', 'plan.json'])
  const [, id] = await first.said(/^run (\S+) \(new\)$/m)
  await interrupt(first, 'SIGINT')
  expect((await first.ended).code).toBe(130)

  const second = await place.troupe(['run', 'plan.json', '--json'])
  expect(second.stderr).toMatch(new RegExp(`^going on with run ${id}\n`))
  const again = await place.troupe(['run', 'plan.json', '--id', id!, '--json'])
  expect(again).toEqual({ code: 0, stdout: second.stdout, stderr: `run ${id} has ended already: this is its report\n` })
  const fresh = await place.troupe(['run', 'plan.json', '--quiet', '--json'])
  expect((JSON.parse(fresh.stdout) as Report).run).not.toBe(id)
})

test('a second signal ends it at once', async () => {
  await place.write({
    'skill.mjs': `export default (items, { log }) => {
      log('called')
      return new Promise(() => {})
    }`,
    'stubborn.json': planOf({ shutdownMs: 600_000, graceMs: 600_000 }),
  })
  const { process, said, ended } = place.start(['run', 'stubborn.json', '--memory', '--verbose'])
  await said(/called/)
  process.kill('SIGINT')
  await said(/^stopping: /m)
  process.kill('SIGINT')
  expect((await ended).code).toBe(130)
})

test('(F1) a second signal ends it at once while the module of an input hangs, whatever the first one waits for', async () => {
  await place.write({
    // The end of the first signal's patience never comes.
    'items.mjs': `
      const inTime = globalThis.setTimeout
      globalThis.setTimeout = (fn, ms, ...more) => inTime(fn, ms === 4_000 ? 2 ** 31 - 1 : ms, ...more)
      setInterval(() => {}, 60_000)
      console.error('it hangs')
      await new Promise(() => {})`,
    'hangs.json': planOf({ input: { module: './items.mjs' } }),
  })
  const { process, said, ended } = place.start(['run', 'hangs.json', '--memory'])
  await said(/it hangs/)
  process.kill('SIGINT')
  await said(/^stopping: no batch is in flight; a second signal stops at once$/m)
  process.kill('SIGINT')
  expect((await ended).code).toBe(130)
})

test('(F1) a run whose database went away ends in time, and says what of it is not stored', async () => {
  const { url, drop } = await createDatabase()
  onTestFinished(drop)
  const line = await deafLine(url)
  await place.write({ 'short.json': planOf({ scenarios: { only: { size: 200 } }, shutdownMs: 100 }) })
  const started = place.start(['run', 'short.json'], { env: { TROUPE_DATABASE_URL: line.url } })
  const [, id] = await started.said(/^run (\S+) \(new\)$/m)
  await started.said(/only 50%/)
  await until('half is stored', async () => (await calls()).length === 100)
  line.goAway()
  await place.write({ open: '' })
  await until('the last call is done', async () => (await calls()).length === 110)
  started.process.kill('SIGINT')
  const { code, stderr } = await started.ended
  expect(code).toBe(130)
  expect(stderr.trimEnd().split('\n').slice(-2)).toEqual([
    `interrupted: The database did not answer in time while Troupe was closing. Not known to be stored: outcomes of 10 items of run "${id}" (NOT_WRITTEN)`,
    `hint: Everything stored before is safe. When the database is back, go on with: troupe resume ${id}. Items whose outcomes were not stored are called again`,
  ])
})

test('a run in memory says that nothing of it is left', async () => {
  const started = place.start(['run', 'plan.json', '--memory', '--json'])
  await interrupt(started, 'SIGINT')
  const { code, stderr } = await started.ended
  expect(code).toBe(130)
  expect(JSON.parse(stderr.trimEnd().split('\n').at(-1)!)).toEqual({
    error: { code: 'INTERRUPTED', message: 'interrupted: it ran in memory, nothing is stored', hint: 'start it again' },
  })
})

test('a reader who leaves does not stop a run, and is no error', async () => {
  const { process, said, ended } = place.start(['run', 'plan.json', '--memory', '--events'])
  await said(/\(new\)/)
  process.stdout!.destroy()
  await place.write({ open: '' })
  await said(/run complete/)
  const { code, stderr } = await ended
  expect(code).toBe(0)
  expect(stderr).not.toContain('EPIPE')
})
