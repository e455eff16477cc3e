import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { hashInputs } from '../../src/host/hashInputs.ts'
import { normalizePlan, type PlanInput } from '../../src/plan.ts'
import { openTroupe } from '../../src/troupe.ts'
import { inputFiles } from '../input/inputFiles.ts'
import { createDatabase } from '../support/database.ts'

const files = inputFiles()
/** 2 MB and a bit, 4 items. */
beforeAll(() => void files.write('large.csv', `text\n${`${'a'.repeat(512_000)}\n`.repeat(4)}`))
beforeAll(() => void files.write('skill.mjs', 'export default (items) => items.map(({ text }) => text.length)'))

const planOf = (file: string, size = 3): PlanInput => ({
  name: 'reading',
  skill: { kind: 'function', module: './skill.mjs', isolation: 'inline' },
  input: { file },
  scenarios: { only: { size } },
})
const normal = (file: string) => normalizePlan(planOf(file), { directory: files.directory })

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.restoreAllMocks().useRealTimers())

/** What is said first while an input is read. */
async function firstLine(file: string): Promise<string> {
  const said = Promise.withResolvers<string>()
  const reading = hashInputs(normal(file), { say: said.resolve })
  let line: string | undefined
  void said.promise.then((first) => (line = first))
  while (line === undefined) {
    await setImmediate()
    vi.advanceTimersByTime(300)
  }
  await reading
  return line
}

test('(case 6) what is said of a large file is how many of its bytes are read, and items', async () => {
  expect(await firstLine('large.csv')).toMatch(/^reading .*large\.csv: [012] of 2 MB, [0123] of 3 items$/)
})

test('(case 6) a file of less than 1 MB is told of by its items', async () => {
  files.write('small.jsonl', '1\n2\n3\n')
  expect(await firstLine('small.jsonl')).toMatch(/^reading .*small\.jsonl: [0123] of 3 items$/)
})

test('(case 6) what is kept goes where the embedded database has its data, with any database, and with none nowhere', async () => {
  vi.useRealTimers()
  const hourLater = Date.now() + 3_600_000
  vi.spyOn(Date, 'now').mockReturnValue(hourLater)
  const { url, drop } = await createDatabase()
  onTestFinished(drop)
  for (const [database, isKept] of [
    ['memory', false],
    [url, true],
  ] as const) {
    const directory = join(files.directory, database === 'memory' ? 'memory' : 'stored')
    await using troupe = await openTroupe({ database, directory })
    const run = await troupe.start(planOf('large.csv'), { directory: files.directory })
    expect(await run.result()).toMatchObject({ status: 'complete', scenarios: [{ items: 3 }] })
    expect(existsSync(join(directory, 'inputs.json'))).toBe(isKept)
  }
  expect(statSync(join(files.directory, 'stored', '.gitignore')).size).toBe(2)
})

test.each([
  [undefined, 'has 2 items, but scenario complex takes 800 by default', '--limit 2, or in the plan scenarios: { all: { size: 2 } };'],
  [
    { small: { size: 2 }, big: { size: 3 } },
    'has 2 items, but scenario big takes 3',
    '--limit 2, or give no scenario of the plan more than 2 items;',
  ],
])('of an input that is too short it is said whose items are missing (first hour 9): %j', async (scenarios, message, hint) => {
  vi.useRealTimers()
  files.write('two.jsonl', '1\n2\n')
  const { scenarios: _three, ...plan } = planOf('two.jsonl')
  const normalized = normalizePlan({ ...plan, ...(scenarios && { scenarios }) }, { directory: files.directory })
  const error: unknown = await hashInputs(normalized).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'INPUT_TOO_SHORT', found: 2, message: expect.stringContaining(message) as string })
  expect((error as { hint: string }).hint).toContain(hint)
})
