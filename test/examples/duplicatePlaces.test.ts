import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { distance } from 'fastest-levenshtein'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTroupe } from '../../src/index.ts'
import type { Report } from '../../src/report/report.ts'
import { createDatabase } from '../support/database.ts'
import { batchGate } from '../support/batchGate.ts'
import { ROOT, startProgram } from './program.ts'

const PLAN = 'examples/duplicate-places/plan.ts'
const SIZES = { simple: 100, medium: 300, complex: 800 }

let database: Awaited<ReturnType<typeof createDatabase>>
beforeEach(async () => {
  database = await createDatabase()
})
afterEach(() => database.drop())

interface Row {
  place: string
  name: string
}

/** By hand, once more: letters without their marks, lower case; all else parts words. */
const plain = (name: string) =>
  [
    ...name
      .normalize('NFKD')
      .toLowerCase()
      .matchAll(/[\p{L}\p{N}\p{M}]+/gu),
  ].map(([word]) => word.replaceAll(/\p{M}/gu, ''))

const longWords = (words: string[]) => (words.some((word) => word.length > 3) ? words.filter((word) => word.length > 3) : words)

const shareBeginning = (a: string[], b: string[]) =>
  longWords(a).some((one) => longWords(b).some((other) => one.slice(0, 3) === other.slice(0, 3)))

/** For each row of the list, by index, the rows that a variant should have found. */
function bruteForce(rows: Row[], variant: 'pairwise' | 'blocked'): number[][] {
  const words = rows.map(({ name }) => plain(name))
  const names = words.map((parts) => parts.join(' '))
  return names.map((name, i) =>
    names.flatMap((other, j) => {
      const alike = 1 - distance(name, other) / Math.max(name.length, other.length) >= 0.8
      return i !== j && alike && (variant === 'pairwise' || shareBeginning(words[i]!, words[j]!)) ? [j] : []
    }),
  )
}

/** Shares and means over all rows, from what should have been found. */
function expected(rows: Row[], found: number[][]) {
  const own = rows.map(({ place }, i) => rows.flatMap((row, j) => (i !== j && row.place === place ? [j] : [])))
  const count = (wanted: (i: number) => number) => rows.reduce((sum, _, i) => sum + wanted(i), 0)
  const missed = (i: number) => own[i]!.filter((j) => !found[i]!.includes(j)).length
  const wrong = (i: number) => found[i]!.filter((j) => !own[i]!.includes(j)).length
  const right = count((i) => (missed(i) + wrong(i) === 0 ? 1 : 0))
  return { right, missed: count(missed), wrong: count(wrong) }
}

async function stored(run: string, variant: string, scenario: string): Promise<number[][]> {
  await using troupe = await openTroupe({ database: database.url })
  const found: number[][] = []
  for await (const { results } of (await troupe.attach(run)).results({ variant, scenario })) {
    for (const { duplicates } of results as { duplicates: { row: number }[] }[]) found.push(duplicates.map(({ row }) => row - 1))
  }
  return found
}

const start = () => startProgram(['src/cli.ts', 'run', PLAN, '--json'], { url: database.url })

test('finds what a brute-force computation finds, and judges itself right', async () => {
  const { code, stdout, stderr } = await start().ended
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const report = JSON.parse(stdout) as Report
  expect(report.verdict.status).toBe('pass')
  const rows: Row[] = parse(await readFile(join(ROOT, 'examples/duplicate-places/places.csv')), { columns: true })
  expect(rows).toHaveLength(800)
  const synthesis = (report.synthesis as { value: string[] }).value
  expect(synthesis).toHaveLength(6)
  for (const variant of ['pairwise', 'blocked'] as const) {
    for (const [scenario, size] of Object.entries(SIZES)) {
      const part = rows.slice(0, size)
      const found = bruteForce(part, variant)
      expect({ variant, scenario, found: await stored(report.run, variant, scenario) }).toEqual({ variant, scenario, found })
      const { right, missed, wrong } = expected(part, found)
      expect(synthesis).toContain(`${variant}/${scenario}: ${right} of ${size} right, ${missed} missed, ${wrong} wrong`)
      const { quality, metrics } = report.scenarios.find((s) => s.variant === variant && s.name === scenario)!
      expect(quality).toBeCloseTo(right / size, 10)
      expect(metrics).toMatchObject({ items: size, missed: expect.closeTo(missed / size, 10), wrong: expect.closeTo(wrong / size, 10) })
    }
  }
})

test('killed in the middle, the same command goes on and runs no stored batch again', async () => {
  const gate = await batchGate(database, 10)
  const killed = start()
  await gate.reached()
  await killed.kill()
  await gate.open()
  const before =
    await database.query`select run, variant, scenario, batch, sequence, started_at, result from troupe.batches order by sequence`
  expect(before.length).toBeGreaterThan(0)
  expect(before.length).toBeLessThan(240)

  const { code, stdout, stderr } = await start().ended
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect((JSON.parse(stdout) as Report).run).toBe(before[0]!.run)
  const after =
    await database.query`select run, variant, scenario, batch, sequence, started_at, result from troupe.batches order by sequence`
  expect(after).toHaveLength(240)
  expect(after.slice(0, before.length)).toEqual([...before])
})

test('the list of places is the one that its program chooses', async () => {
  const { stdout } = await startProgram(['examples/duplicate-places/choosePlaces.ts'], database).ended
  expect(stdout).toBe(await readFile(join(ROOT, 'examples/duplicate-places/places.csv'), 'utf8'))
})
