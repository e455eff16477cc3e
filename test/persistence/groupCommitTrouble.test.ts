import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Failure } from './fakeDatabase.ts'
import { FOREVER_MS, openGroupCommit, turn, until } from './openGroupCommit.ts'

test('whatever goes wrong, every append settles once, as it must, and what is stored of a run is in order', async () => {
  await fc.assert(
    fc.asyncProperty(troubleArbitrary, async ({ turns, stale, failures, away, retryForMs }) => {
      const { database, append, clock } = openGroupCommit({ retryForMs })
      for (const run of stale) database.stale.add(run)
      database.failures.push(...failures)
      database.away = away
      const names: string[] = []
      const settled: { name: string; error: unknown }[] = []
      for (const appends of turns) {
        for (const { run, unstorable } of appends) {
          const name = `${run}${names.length}`
          if (unstorable) database.unstorable.add(name)
          names.push(name)
          void append(name).then(
            () => settled.push({ name, error: undefined }),
            (error: unknown) => settled.push({ name, error }),
          )
        }
        await turn()
        clock.increment(30)
      }
      await until(() => {
        clock.increment(2_000)
        return settled.length >= names.length
      })
      await turn()

      expect(settled.map(({ name }) => name).sort()).toEqual(names.toSorted())
      for (const { name, error } of settled) {
        const times = database.stored.filter((stored) => stored === name).length
        const outcome = `${error instanceof Error ? error.constructor.name : 'stored'} x ${times}`
        const due = database.unstorable.has(name)
          ? 'UnstorableFactError x 0'
          : stale.has(name[0]!)
            ? 'OwnershipLostError x 0'
            : 'stored x 1'
        const givenUp = ['DatabaseLostError x 0', ...(due === 'stored x 1' ? ['DatabaseLostError x 1'] : [])]
        expect([due, ...(retryForMs === FOREVER_MS ? [] : givenUp)]).toContain(outcome)
      }
      for (const run of RUNS) {
        const stored = database.stored.filter((name) => name.startsWith(run))
        expect(stored).toEqual(names.filter((name) => stored.includes(name)))
      }
    }),
    { numRuns: 200 },
  )
})

const RUNS = ['a', 'b', 'c'] as const

const troubleArbitrary = fc.record({
  turns: fc.array(fc.array(fc.record({ run: fc.constantFrom(...RUNS), unstorable: fc.nat(5).map((n) => n === 0) }), { maxLength: 6 }), {
    minLength: 1,
    maxLength: 8,
  }),
  stale: fc.uniqueArray(fc.constantFrom(...RUNS), { maxLength: 2 }).map((runs) => new Set<string>(runs)),
  failures: fc.array(fc.constantFrom<(Failure | null)[]>(null, null, 'lost before', 'lost after', 'contention'), { maxLength: 10 }),
  away: fc.nat(6),
  retryForMs: fc.constantFrom(0, 300, FOREVER_MS),
})
