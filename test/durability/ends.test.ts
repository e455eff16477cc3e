import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openTroupe } from '../../src/troupe.ts'
import type { PlanInput } from '../../src/plan.ts'
import { until } from '../support/until.ts'
import type { Left } from './fixtures/embedding.ts'
import { planOf, scene } from './harness.ts'
import { deafLine } from './server.ts'
import { lockHolders } from './stored.ts'

const SIZE = { scenarios: { small: { size: 75 } }, batchSize: 5, parallel: 5 }

/** A process that embeds a troupe, in the middle of a run: ten batches are called, the calls of five more wait. */
async function embedding(plan: Partial<PlanInput> = {}) {
  const stage = await scene()
  const line = await deafLine(stage.url)
  const file = join(stage.directory, 'left.json')
  const told = {
    database: line.url,
    file,
    retryForMs: 600_000,
    shutdownMs: 100,
    plan: planOf(stage.calls, { ...SIZE, ...plan }, { holdFrom: 50 }),
  }
  const program = join(import.meta.dirname, 'fixtures/embedding.ts')
  const child = spawn(process.execPath, [program, JSON.stringify(told)], { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  await until('five calls wait', () => stage.calls.starts().length === 15)
  return {
    ...stage,
    line,
    /** Lets go of the calls that wait. */
    async go() {
      stage.calls.go()
      await until('they are done', () => stage.calls.all().filter(({ what }) => what === 'end').length >= 15)
    },
    /** Resolves when the process has ended, by itself. */
    async close(): Promise<Left> {
      child.kill('SIGUSR2')
      expect(await ended).toBe(0)
      return JSON.parse(readFileSync(file, 'utf8')) as Left
    },
  }
}

const stored = async ({ query }: Awaited<ReturnType<typeof scene>>) => {
  const [{ items }] = (await query`select coalesce(sum(items), 0)::int as items from troupe.batches`) as unknown as [{ items: number }]
  return items
}

test('(F8) a server that accepts and is silent: a close leaves nothing that keeps the process alive', async () => {
  const { line, close } = await embedding()
  line.cut({ stayDeaf: true })
  await until('it connects anew, and hears nothing', () => line.open() > 0)
  const { resources, close: closed } = await close()
  expect(resources).toEqual([])
  expect(closed).toBeNull()
})

test('(F8) a process that was overtaken ends, although the server is silent by then', async () => {
  const { line, query, close, go } = await embedding()
  await query`update troupe.runs set epoch = epoch + 1`
  await go()
  await until('it has let go of the run', async () => (await lockHolders(query)).length === 0)
  line.turnDeaf()
  const { resources, run } = await close()
  expect(resources).toEqual([])
  expect(run).toMatchObject({ code: 'OWNERSHIP_LOST' })
})

test.each([
  { what: 'silent', durability: 'batch' as const, items: 25 },
  { what: 'away', durability: 'batch' as const, items: 25 },
  { what: 'away', durability: 'exit' as const, items: 75 },
])(
  '(F1) a close does not wait for a database that is $what, and says what is not stored: $durability',
  async ({ what, durability, items }) => {
    const stage = await embedding({ durability })
    const { line, close, go } = stage
    await until('the rest is stored', async () => (await stored(stage)) === 75 - items)
    if (what === 'silent') line.turnDeaf()
    else line.goAway()
    await go()
    const left = await close()
    expect(left.resources).toEqual([])
    const message = `The database did not answer in time while Troupe was closing. Not known to be stored: outcomes of ${items} items of run "run"`
    expect(left.close).toEqual({ code: 'NOT_WRITTEN', message })
    expect(left.run).toMatchObject({ code: 'NOT_WRITTEN' })
  },
)

test.each(['silent', 'away'] as const)('(F1) a close ends what waits for a database that is %s: a start, and a read', async (what) => {
  const stage = await scene()
  const line = await deafLine(stage.url)
  const troupe = await openTroupe({ database: line.url, retryForMs: 600_000 })
  if (what === 'silent') line.turnDeaf()
  else line.goAway()
  const failureOf = (promise: Promise<unknown>) => promise.catch((error: Error) => error)
  const [start, list] = [failureOf(troupe.start(planOf(stage.calls, SIZE))), failureOf(troupe.list())]
  await troupe.close({ shutdownMs: 100 })
  expect(await start).toMatchObject({ code: 'TROUPE_CLOSED' })
  const message = 'The database is away: it did not answer while Troupe was closing'
  expect(await list).toMatchObject({ code: 'DATABASE_LOST', message })
  expect(stage.calls.starts()).toEqual([])
})
