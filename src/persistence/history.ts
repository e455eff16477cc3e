import type { Sql } from './connection.ts'
import { NewestResults, type ResultRow } from './newestResults.ts'
import { FAILURE_EVENTS } from './facts.ts'
import type { BatchSums, StoredCheckpoint, StoredEvent, StoredMilestone, StoredResult } from './store.ts'

const RESULTS_AT_ONCE = 50
const FAILURES = `{${FAILURE_EVENTS.join(',')}}`

/** Each item as the newest round confirmed it. A batch that a later one replaces as a whole is not even read. */
export async function* readResults(sql: Sql, run: string, filter: { variant?: string; scenario?: string }): AsyncIterable<StoredResult> {
  const rows = sql
    .unsafe(
      `select b.variant, b.scenario, b.repetition, b.round, b.batch, b.from_item::float8 as "from", b.items, b.result as results, b.item_errors as errors
       from troupe.batches b
       where run = $1::text and outcome = 'ok' and ($2::text is null or variant = $2) and ($3::text is null or scenario = $3)
         and not exists (select from troupe.batches n where n.run = b.run and n.variant = b.variant and n.scenario = b.scenario and n.repetition = b.repetition
           and n.round > b.round and n.outcome = 'ok' and n.item_errors is null and n.from_item <= b.from_item and n.from_item + n.items >= b.from_item + b.items)
       order by variant, scenario, repetition, from_item, round`,
      [run, filter.variant ?? null, filter.scenario ?? null],
    )
    .cursor(RESULTS_AT_ONCE)
  const newest = new NewestResults()
  for await (const page of rows) for (const row of page) yield* newest.add(row as unknown as ResultRow)
  yield* newest.end()
}

export async function readEvents(sql: Sql, run: string, after: number, limit: number): Promise<StoredEvent[]> {
  const rows = await sql.unsafe(
    `select sequence::float8, extract(epoch from at)::float8 * 1000 as at, actor, type, data from troupe.events
     where run = $1::text and sequence > $2::bigint order by sequence limit $3::int`,
    [run, after, limit],
    { prepare: true },
  )
  return rows.map((row) => ({ ...row, at: Math.round(row.at) }) as unknown as StoredEvent)
}

export async function readCheckpoints(sql: Sql, run: string): Promise<StoredCheckpoint[]> {
  const rows = await sql.unsafe(
    `select variant, scenario, repetition, milestone_pct::float8 as "milestonePct", elapsed_ms as "elapsedMs", active_ms as "activeMs",
       sequence::float8, round(extract(epoch from at) * 1000)::float8 as at from troupe.scenario_checkpoints where run = $1::text order by sequence`,
    [run],
    { prepare: true },
  )
  return rows.map((row) => ({ ...row }) as unknown as StoredCheckpoint)
}

/** Milestones have no sequence: those count that were over when the newest event or checkpoint was stored. */
const OVER_AT = `coalesce(m.released_at, m.reached_at) <= (select max(at) from (
  select at, sequence from troupe.events where run = $1::text union all select at, sequence from troupe.scenario_checkpoints where run = $1::text
) stored where sequence <= $2::bigint)`

export async function readMilestones(sql: Sql, run: string, at: number | null): Promise<StoredMilestone[]> {
  const rows = await sql.unsafe(
    `select repetition, milestone_pct::float8 as pct, round(extract(epoch from reached_at) * 1000)::float8 as "reachedAt",
       round(extract(epoch from released_at) * 1000)::float8 as "releasedAt", outcome, to_jsonb(missing) as missing
     from troupe.orchestration_milestones m where run = $1::text and ($2::bigint is null or ${OVER_AT}) order by repetition, milestone_pct`,
    [run, at],
    { prepare: true },
  )
  return rows.map((row) => ({ ...row }) as unknown as StoredMilestone)
}

/** Active time is the union over lanes: what a batch adds beyond the end of those that began before it. */
export async function readSums(sql: Sql, run: string): Promise<BatchSums[]> {
  const rows = await sql.unsafe(
    `select variant, scenario, repetition,
       coalesce(sum(greatest(0, ends - greatest(begins, covered))) filter (where not warmup), 0) as "timedActiveMs",
       coalesce(sum(processed) filter (where not warmup), 0)::float8 as "timedItems", sum(cpu_ms) as "cpuMs"
     from (
       select *, coalesce(max(ends) filter (where not warmup) over (partition by variant, scenario, repetition order by begins, ends rows between unbounded preceding and 1 preceding), 0) as covered
       from (select *, extract(epoch from started_at)::float8 * 1000 as begins, extract(epoch from started_at)::float8 * 1000 + active_ms as ends
         from troupe.batches where run = $1::text) timed
     ) swept group by variant, scenario, repetition`,
    [run],
    { prepare: true },
  )
  return rows.map((row) => ({ ...row }) as unknown as BatchSums)
}

export async function readFirstErrors(sql: Sql, run: string): Promise<StoredEvent[]> {
  const rows = await sql.unsafe(
    `select distinct on (actor) sequence::float8, extract(epoch from at)::float8 * 1000 as at, actor, type, data from troupe.events
     where run = $1::text and type = any('${FAILURES}') order by actor, sequence`,
    [run],
    { prepare: true },
  )
  return rows.map((row) => ({ ...row, at: Math.round(row.at) }) as unknown as StoredEvent)
}

export async function readErrors(sql: Sql, run: string, limit: number): Promise<StoredEvent[]> {
  const rows = await sql.unsafe(
    `select sequence::float8, extract(epoch from at)::float8 * 1000 as at, actor, type, data from troupe.events
     where run = $1::text and type = any('${FAILURES}') order by sequence desc limit $2::int`,
    [run, limit],
    { prepare: true },
  )
  return rows.map((row) => ({ ...row, at: Math.round(row.at) }) as unknown as StoredEvent).reverse()
}

/** A union, since several batches of a scenario may wait at the same time. */
export async function readBackoffs(sql: Sql, run: string): Promise<{ actor: string; ms: number }[]> {
  const rows = await sql.unsafe(
    `select actor, sum(extract(epoch from upper(waited) - lower(waited)))::float8 * 1000 as ms from (
       select actor, unnest(range_agg(tstzrange(at, at + (data->>'waitMs')::float8 * interval '1 ms'))) as waited from troupe.events
       where run = $1::text and data ? 'waitMs' group by actor
     ) waits group by actor order by actor`,
    [run],
    { prepare: true },
  )
  return rows.map(({ actor, ms }) => ({ actor: actor as string, ms: Math.round(ms as number) }))
}
