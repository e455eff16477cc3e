import fc from 'fast-check'
import { SimulatedClock } from 'xstate'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { PassingRows, storedRows, type ReportRows } from '../../src/host/reportRows.ts'
import { addressOfUrl } from '../../src/persistence/databaseUrl.ts'
import type { BatchFact, CheckpointFact, Fact, MilestoneFact } from '../../src/persistence/facts.ts'
import { openMemoryStore } from '../../src/persistence/memory.ts'
import { openPostgresStore } from '../../src/persistence/postgresStore.ts'
import type { Store } from '../../src/persistence/store.ts'
import { batch, checkpoint, milestone } from '../persistence/contract/facts.ts'
import { newRun } from '../persistence/contract/subject.ts'
import { createDatabase } from '../support/database.ts'

const START = 1_700_000_000_000

/** Facts as a process writes them: batches of two scenarios in the order in which they began, each some of them at once; milestones between. */
const facts: fc.Arbitrary<Fact[]> = fc
  .array(
    fc.record({
      scenario: fc.constantFrom('small', 'large'),
      repetition: fc.constantFrom(1, 1, 2),
      after: fc.nat({ max: 40 }),
      activeMs: fc.integer({ min: 1, max: 60 }),
      processed: fc.nat({ max: 10 }),
      warmup: fc.boolean(),
      cpuMs: fc.option(fc.nat({ max: 50 })),
      pct: fc.constantFrom(null, null, 0, 50, 100),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((steps) => {
    let at = START
    return steps.flatMap(({ pct, after, ...changes }, n): Fact[] => {
      at += after
      const own = { scenario: changes.scenario, repetition: changes.repetition }
      const row: BatchFact = batch({ ...changes, batch: n, from: n * 10, startedAt: at })
      if (pct === null) return [row]
      const reached: CheckpointFact = checkpoint({ ...own, milestonePct: pct, elapsedMs: at - START, activeMs: n, at })
      const passed: MilestoneFact = milestone({ repetition: changes.repetition, pct, reachedAt: at })
      return [row, reached, passed]
    })
  })

/** What a report reads of them, in one order. */
function portrait({ checkpoints, milestones, sums }: ReportRows) {
  const by = (row: { variant: string; scenario: string; repetition: number }) => `${row.variant}/${row.scenario}/${row.repetition}`
  return {
    checkpoints: checkpoints.map(({ variant, scenario, repetition, milestonePct, elapsedMs, activeMs }) => {
      return { variant, scenario, repetition, milestonePct, elapsedMs, activeMs }
    }),
    milestones: milestones.map(({ repetition, pct, reachedAt, outcome, missing }) => ({ repetition, pct, reachedAt, outcome, missing })),
    sums: sums.toSorted((a, b) => (by(a) < by(b) ? -1 : 1)),
  }
}

async function expectTheSame(store: Store, written: readonly Fact[]) {
  const run = await store.create(newRun())
  const passing = new PassingRows()
  for (const fact of written) {
    passing.note([fact])
    await store.journal.append(run, [fact])
  }
  expect(portrait(passing.rows)).toEqual(portrait(await storedRows(store, run.id)))
  expect(passing.batches).toBe(written.filter(({ kind }) => kind === 'batch').length)
}

test('what passes on its way to the store says the same as what is read from it', async () => {
  const store = openMemoryStore({ clock: new SimulatedClock() })
  await fc.assert(fc.asyncProperty(facts, (written) => expectTheSame(store, written)))
  expect.hasAssertions()
})

test('and the same as PostgreSQL says', async () => {
  const { url, drop } = await createDatabase()
  const store = await openPostgresStore({ address: addressOfUrl(url), clock: systemClock, retryForMs: 1_000 })
  onTestFinished(async () => {
    await store.close()
    await drop()
  })
  await fc.assert(
    fc.asyncProperty(facts, (written) => expectTheSame(store, written)),
    { numRuns: 15 },
  )
  expect.hasAssertions()
})
