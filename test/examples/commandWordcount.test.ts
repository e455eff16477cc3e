import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTroupe } from '../../src/index.ts'
import type { Report } from '../../src/report/report.ts'
import { createDatabase } from '../support/database.ts'
import { ROOT, startProgram } from './program.ts'

const SIZES = { simple: 60, medium: 180, complex: 480 }

let database: Awaited<ReturnType<typeof createDatabase>>
beforeEach(async () => {
  database = await createDatabase()
})
afterEach(() => database.drop())

/** By hand, letter by letter: words are made of the letters a to z and apostrophes. */
function count(line: string) {
  const words = ['']
  for (const letter of line.toLowerCase()) {
    if ("abcdefghijklmnopqrstuvwxyz'".includes(letter)) words.push(words.pop()! + letter)
    else if (words.at(-1) !== '') words.push('')
  }
  const found = words.filter((word) => word !== '')
  const most = Math.max(0, ...found.map(({ length }) => length))
  return { words: found.length, longest: found.find(({ length }) => length === most) ?? '' }
}

test('both commands count what an independent count finds', async () => {
  const { code, stdout, stderr } = await startProgram(['src/cli.ts', 'run', 'examples/command-wordcount/plan.yaml', '--json'], database)
    .ended
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const report = JSON.parse(stdout) as Report
  expect(report.verdict.status).toBe('pass')
  const text = await readFile(join(ROOT, 'examples/command-wordcount/gpl-3.0.txt'), 'utf8')
  const expected = text
    .split('\n')
    .filter((line) => /\S/.test(line))
    .map(count)
  expect(expected).toHaveLength(553)
  // "GNU GENERAL PUBLIC LICENSE" and "Version 3, 29 June 2007", counted by eye.
  expect(expected.slice(0, 2)).toEqual([
    { words: 4, longest: 'general' },
    { words: 2, longest: 'version' },
  ])
  await using troupe = await openTroupe({ database: database.url })
  const run = await troupe.attach(report.run)
  for (const variant of ['pipeline', 'stays']) {
    for (const [scenario, size] of Object.entries(SIZES)) {
      const found: unknown[] = []
      // oxlint-disable-next-line no-await-in-loop
      for await (const { results } of run.results({ variant, scenario })) found.push(...results)
      expect({ variant, scenario, found }).toEqual({ variant, scenario, found: expected.slice(0, size) })
    }
  }
})
