import type { Sql } from './connection.ts'
import type { RoundRef, StoredActor, StoredBatch, StoredBreaker, Unconfirmed } from './store.ts'

const MAX_RANGES = 64

/** Of each actor its row or, for scenarios, the newest checkpoint: whichever is younger. */
export async function readActors(sql: Sql, run: string, at: number | null): Promise<StoredActor[]> {
  const rows = await sql.unsafe(
    `select distinct on (actor) actor, machine, version, snapshot from (
       select actor, machine, version, snapshot, sequence from troupe.actors where run = $1::text
       union all
       (select distinct on (variant, scenario) variant || '/' || scenario, 'scenario', (state_snapshot->>'version')::int, state_snapshot - 'version', sequence
        from troupe.scenario_checkpoints where run = $1::text and ($2::bigint is null or sequence <= $2) order by variant, scenario, sequence desc)
     ) states where $2::bigint is null or sequence <= $2 order by actor, sequence desc`,
    [run, at],
    { prepare: true },
  )
  return rows.map((r) => ({ actor: r.actor, machine: r.machine, version: r.version, snapshot: r.snapshot }))
}

export async function readBreakers(sql: Sql, run: string): Promise<StoredBreaker[]> {
  const rows = await sql.unsafe(`select variant, version, state from troupe.breakers where run = $1::text order by variant`, [run], {
    prepare: true,
  })
  return rows.map(({ variant, version, state }) => ({ variant, version, state }))
}

export async function readBatches(sql: Sql, run: string, round: RoundRef, fromItem: number, at: number | null): Promise<StoredBatch[]> {
  const rows = await sql.unsafe(
    `select batch, from_item::float8 as "from", items, attempt, outcome, error_class as "errorClass", item_errors as "itemErrors", processed, quality,
       extract(epoch from started_at)::float8 * 1000 as "startedAt", active_ms as "activeMs"
     from troupe.batches where run = $1::text and variant = $2::text and scenario = $3::text and repetition = $4::int and round = $5::int
       and from_item >= $6::bigint and ($7::bigint is null or sequence <= $7) order by sequence`,
    [run, round.variant, round.scenario, round.repetition, round.round, fromItem, at],
    { prepare: true },
  )
  return rows.map((row) => ({ ...row }) as unknown as StoredBatch)
}

/** Of batches of which some items failed alone, what lies between these. */
const pieces = (batches: string) => `select from_item + first, from_item + last from (${batches}) b, lateral (
    select coalesce(lag(place) over (order by place) + 1, 0) as first, place as last
    from (select jsonb_object_keys(b.item_errors)::int as place union all select b.items) places
  ) pieces where outcome = 'ok' and item_errors is not null and last > first`

/** The gaps between what is settled, and the rest behind it. */
export async function readUnconfirmed(
  sql: Sql,
  run: string,
  ref: RoundRef,
  options: { size: number; from: number; at?: number },
): Promise<Unconfirmed> {
  const of = `troupe.batches where run = $1::text and variant = $2::text and scenario = $3::text and repetition = $4::int and round >= $5::int
    and ($6::bigint is null or sequence <= $6)`
  const whole = `select from_item, from_item + items as to_item from ${of}`
  const confirmed = `${whole} and outcome = 'ok' and item_errors is null union all ${pieces(`select * from ${of}`)}`
  const key = [run, ref.variant, ref.scenario, ref.repetition, ref.firstRound, options.at ?? null]
  const gaps = sql.unsafe(
    `with settled as (${confirmed} union all ${whole} and round = $7::int and (outcome = 'failed' or item_errors is not null)), reached as (
       select from_item, max(to_item) over (order by from_item, to_item rows between unbounded preceding and 1 preceding) as covered from settled
       union all select $8::bigint, (select max(to_item) from settled)
     )
     select greatest(covered, $9::bigint)::float8 as "from", from_item::float8 as "to" from reached
     where from_item > greatest(covered, $9::bigint) order by 1 limit ${MAX_RANGES + 1}`,
    [...key, ref.round, options.size, options.from],
    { prepare: true },
  )
  const sum = sql.unsafe(`select coalesce(sum(to_item - from_item), 0)::float8 as confirmed from (${confirmed}) c`, key, {
    prepare: true,
  })
  const [rows, [total]] = await Promise.all([gaps, sum])
  const ranges = rows.slice(0, MAX_RANGES).map((row): [number, number] => [row.from, row.to])
  return { ranges, more: rows[MAX_RANGES]?.from ?? null, confirmed: total!.confirmed }
}
