import type { TransactionSql } from 'postgres'
import type { Sql } from './connection.ts'

/** Copies what a run had stored up to a sequence. Rows keep their sequence, so that the copy can be forked again. */
export async function forkRun(sql: Sql, run: string, at: number, id: string): Promise<boolean> {
  // One snapshot for all of it: the run may be at work meanwhile.
  return sql.begin('isolation level repeatable read', async (transaction) => {
    const made = await transaction`
      insert into troupe.runs (id, name, plan, plan_version, fingerprint, skill_versions, status, epoch, started_at)
      select ${id}, name, plan, plan_version, fingerprint, skill_versions,
        case when exists (select from troupe.events where run = ${run} and type = 'run.started' and sequence <= ${at}) then 'running' else 'pending' end, 0,
        (select at from troupe.events where run = ${run} and type = 'run.started' and sequence <= ${at} order by sequence limit 1)
      from troupe.runs where id = ${run} returning id`
    if (made.length === 0) return false
    for (const table of ['batches', 'events', 'scenario_checkpoints', 'actors', 'kept_items'])
      await copyRows(transaction, table, `sequence <= ${at}`, run, id)
    const [newest] = await transaction<{ at: Date | null }[]>`
      select greatest((select max(at) from troupe.events where run = ${id}), (select max(at) from troupe.scenario_checkpoints where run = ${id})) as at`
    if (newest?.at)
      await copyRows(transaction, 'orchestration_milestones', `coalesce(released_at, reached_at) <= '${newest.at.toISOString()}'`, run, id)
    await transaction`update troupe.runs set owner = jsonb_build_object('released', true, 'seenAt',
      (select round(extract(epoch from max(at)) * 1000)::float8 from troupe.events where run = ${id})) where id = ${id}`
    return true
  }) as Promise<boolean>
}

async function copyRows(sql: TransactionSql, table: string, condition: string, run: string, id: string) {
  const columns = await sql<{ name: string }[]>`
    select column_name as name from information_schema.columns where table_schema = 'troupe' and table_name = ${table} order by ordinal_position`
  const names = columns.map(({ name }) => name)
  const values = names.map((name) => (name === 'run' ? '$2::text' : name))
  await sql.unsafe(
    `insert into troupe.${table} (${names.join(', ')}) select ${values.join(', ')} from troupe.${table} where run = $1::text and ${condition}`,
    [run, id],
  )
}
