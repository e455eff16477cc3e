import type { Sql } from './connection.ts'
import { EVENTS, REQUESTS } from './notices.ts'
import type { Request } from './store.ts'

/** A request is an event that anybody may write; its answer is one that the owner writes when it has obeyed. `null`: there is no such run. */
export async function writeRequest(
  sql: Sql,
  run: string,
  { type, scenario, variant, fresh }: Omit<Request, 'sequence'>,
): Promise<number | null> {
  const [row] = await sql.unsafe(
    // Alone with the run: whoever follows it by sequence would miss an event that is stored after one with a higher sequence.
    `with alone as materialized (select id from troupe.runs where id = $1::text for no key update),
     made as (insert into troupe.events (run, at, actor, type, data)
       select id, clock_timestamp(), 'command', 'request.made', $2::text::jsonb from alone returning sequence)
     select sequence::float8, pg_notify('${EVENTS}', $1::text), pg_notify('${REQUESTS}', $1::text) from made`,
    [run, JSON.stringify({ command: type, scenario, variant, fresh })],
    { prepare: true },
  )
  return row?.sequence ?? null
}

/** What a run was asked before it was forked was asked of that run alone. */
export async function readRequests(sql: Sql, run: string): Promise<Request[]> {
  const rows = await sql.unsafe(
    `select sequence::float8, data from troupe.events r where run = $1::text and type = 'request.made'
       and at >= (select created_at from troupe.runs where id = $1::text)
       and not exists (select from troupe.events a where a.run = r.run and a.type = 'request.answered' and (a.data->>'request')::bigint = r.sequence)
     order by sequence`,
    [run],
    { prepare: true },
  )
  return rows.map(({ sequence, data }) => ({
    sequence,
    type: data.command,
    scenario: data.scenario ?? null,
    variant: data.variant ?? null,
    fresh: data.fresh ?? false,
  }))
}
