import { arrayLiteral } from './batchColumns.ts'
import type { Sql } from './connection.ts'
import { SKILL_FILES } from './facts.ts'
import type { ConfirmedSpan, StoredEvent } from './store.ts'

export async function readSkillEvents(sql: Sql, run: string): Promise<StoredEvent[]> {
  const rows = await sql.unsafe(
    `select sequence::float8, extract(epoch from at)::float8 * 1000 as at, actor, type, data from troupe.events
     where run = $1::text and type = '${SKILL_FILES}' order by sequence`,
    [run],
    { prepare: true },
  )
  return rows.map((row) => ({ ...row, at: Math.round(row.at) }) as unknown as StoredEvent)
}

export async function readConfirmedSpans(sql: Sql, run: string, sequences: readonly number[]): Promise<ConfirmedSpan[]> {
  const rows = await sql.unsafe(
    `select distinct variant, scenario, (select count(*) from unnest($2::bigint[]) s where s < b.sequence)::int as span from troupe.batches b
     where run = $1::text and outcome = 'ok' and processed > 0
       and not exists (select from troupe.batches n where n.run = b.run and n.variant = b.variant and n.scenario = b.scenario and n.repetition = b.repetition
         and n.round > b.round and n.outcome = 'ok' and n.item_errors is null and n.from_item <= b.from_item and n.from_item + n.items >= b.from_item + b.items)
     order by variant, scenario, span`,
    [run, arrayLiteral([...sequences])],
    { prepare: true },
  )
  return rows.map((row) => ({ ...row }) as unknown as ConfirmedSpan)
}
