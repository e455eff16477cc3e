import type { Sql } from './connection.ts'
import type { KeptFact } from './facts.ts'
import type { StoredKept } from './store.ts'

/** All that is kept of a run's batches which are not settled. */
export async function readKept(sql: Sql, run: string): Promise<StoredKept[]> {
  const rows = await sql.unsafe(
    `select variant, scenario, repetition, round, batch, results, errors, figures from troupe.kept_items where run = $1::text
     order by variant, scenario, repetition, round, batch`,
    [run],
    { prepare: true },
  )
  return rows.map((row) => ({ ...row }) as unknown as StoredKept)
}

/** What a later write says of further items goes beside what an earlier one has said. */
export const mergeKept = (before: KeptFact, fact: KeptFact): KeptFact => ({
  ...fact,
  results: merged(before.results, fact.results),
  errors: merged(before.errors, fact.errors),
})

const merged = (before: string, after: string) => JSON.stringify({ ...JSON.parse(before), ...JSON.parse(after) })
