import type postgres from 'postgres'
import { expect } from 'vitest'
import { until } from '../support/until.ts'
import { placeOf } from './calls.ts'

export interface StoredRow {
  scenario: string
  repetition: number
  round: number
  batch: number
  from: number
  items: number
  attempt: number
  outcome: 'ok' | 'failed'
  errorClass: string | null
  error: { message: string } | null
  processed: number
  result: unknown
}

export async function batchesOf(query: postgres.Sql, run: string): Promise<StoredRow[]> {
  return query<StoredRow[]>`
    select scenario, repetition, round, batch, from_item::int as "from", items, attempt, outcome, error_class as "errorClass", error, processed, result
    from troupe.batches where run = ${run} order by scenario, repetition, from_item, round`
}

/** What is confirmed, as `SCENARIO/REPETITION/FROM`. */
export const confirmed = (rows: readonly StoredRow[]) => rows.filter(({ outcome }) => outcome === 'ok').map(placeOf)

/** Every item of every repetition has exactly one confirmed outcome, and it is the skill's. */
export function expectAllConfirmedOnce(rows: readonly StoredRow[], sizes: Record<string, number>, repetitions = 1) {
  for (const [scenario, size] of Object.entries(sizes)) {
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      const here = rows.filter((row) => row.scenario === scenario && row.repetition === repetition && row.outcome === 'ok')
      let covered = 0
      for (const { from, items } of here) {
        expect(from, `${scenario}/${repetition}: items are confirmed once, without a gap`).toBe(covered)
        covered = from + items
      }
      expect(covered, `${scenario}/${repetition}: all items are confirmed`).toBe(size)
    }
  }
}

/** Resolves when no process is connected any more, so that what was on its way at a kill is stored or is not. */
export async function untilQuiet(query: postgres.Sql) {
  await until('all connections of the killed are gone', async () => {
    const [row] = await query<{ n: number }[]>`
      select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'troupe'`
    return row!.n === 0
  })
}

/** The shares, in %, of each scenario's milestones in the order in which they are stored, from both of their tables. */
export async function milestonesOf(query: postgres.Sql, run: string) {
  const events = await query<{ actor: string; pct: number }[]>`
    select actor, (data->>'pct')::int as pct from troupe.events where run = ${run} and type = 'milestone.reached' order by sequence`
  const checkpoints = await query<{ actor: string; pct: number }[]>`
    select variant || '/' || scenario as actor, milestone_pct::int as pct from troupe.scenario_checkpoints where run = ${run} order by sequence`
  const grouped = (rows: readonly { actor: string; pct: number }[]) =>
    Object.fromEntries(
      Object.entries(Object.groupBy(rows, ({ actor }) => actor)).map(([actor, own]) => [actor, own!.map(({ pct }) => pct)]),
    )
  return { events: grouped(events), checkpoints: grouped(checkpoints) }
}

export async function releasesOf(query: postgres.Sql, run: string) {
  return query<{ pct: number; releasedAt: number; outcome: string }[]>`
    select milestone_pct::int as pct, extract(epoch from released_at)::float8 * 1000 as "releasedAt", outcome
    from troupe.orchestration_milestones where run = ${run} and released_at is not null order by milestone_pct`
}

/** The sessions of a process's troupe that wait for a lock somebody holds, by what they run. */
export async function blocked(query: postgres.Sql): Promise<{ pid: number; query: string }[]> {
  return query`
    select pid, query from pg_stat_activity where datname = current_database() and application_name = 'troupe' and cardinality(pg_blocking_pids(pid)) > 0`
}

/** The sessions that hold the advisory lock of a run: one, or none. */
export async function lockHolders(query: postgres.Sql, run = 'run'): Promise<number[]> {
  const rows = await query<{ pid: number }[]>`
    select pid from pg_locks, (select hashtextextended(${run}, 7227)) k(key) where locktype = 'advisory' and granted and objsubid = 1
      and database = (select oid from pg_database where datname = current_database())
      and classid = ((key >> 32) & 4294967295)::oid and objid = (key & 4294967295)::oid`
  return rows.map(({ pid }) => pid)
}
