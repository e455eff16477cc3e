import type { Sql } from './connection.ts'
import type { NewRun, RunFilter, RunRow, RunSummary } from './store.ts'

/** Epoch ms, whole: what our clock said, which the database keeps in microseconds. */
const ms = (column: string) => `round(extract(epoch from r.${column}) * 1000)::float8`

/** By the database's own clock. Not rounded up: nothing of a run comes before it was created. */
const CREATED_AT = 'floor(extract(epoch from r.created_at) * 1000)::float8'

export const RUN_COLUMNS = `r.id, r.name, r.plan, r.plan_version, r.fingerprint, r.skill_versions, r.status, r.reason, r.epoch, r.owner,
  ${CREATED_AT} as created_at, ${ms('started_at')} as started_at, ${ms('finished_at')} as finished_at, r.report`

export function rowOf(row: Record<string, unknown>): RunRow {
  const owner = row.owner as (RunRow['owner'] & { released?: boolean }) | null
  return {
    id: row.id as string,
    name: row.name as string,
    plan: row.plan as NewRun['plan'],
    planVersion: row.plan_version as number,
    fingerprint: row.fingerprint as string,
    skillVersions: row.skill_versions as NewRun['skillVersions'],
    status: row.status as RunRow['status'],
    reason: row.reason as string | null,
    epoch: row.epoch as number,
    owner: owner?.released || row.finished_at !== null ? null : owner,
    createdAt: row.created_at as number,
    startedAt: row.started_at as number | null,
    finishedAt: row.finished_at as number | null,
    report: row.report as object | null,
  }
}

export async function getRun(sql: Sql, id: string): Promise<RunRow | null> {
  const [row] = await sql.unsafe(`select ${RUN_COLUMNS} from troupe.runs r where r.id = $1::text`, [id], { prepare: true })
  return row ? rowOf(row) : null
}

export async function findRuns(sql: Sql, { fingerprint, name, unfinished, limit = 1_000 }: RunFilter): Promise<RunRow[]> {
  const rows = await sql.unsafe(
    `select ${RUN_COLUMNS} from troupe.runs r where ($1::text is null or r.fingerprint = $1) and ($2::text is null or r.name = $2)
     and (not $3::boolean or r.finished_at is null) order by r.created_at desc, r.id limit $4::int`,
    [fingerprint ?? null, name ?? null, unfinished ?? false, limit],
    { prepare: true },
  )
  return rows.map(rowOf)
}

/** The report of what ended otherwise than complete is opened for one figure, and stays in the database. */
const PROGRESS = `case when r.finished_at is null then null when r.status = 'complete' then 100 else (
  select floor(sum((s->>'items')::float8 + (s->>'itemsFailed')::float8) * 100 / sum((s->>'size')::float8 * (s->>'repetitions')::float8))
  from json_array_elements(case json_typeof(r.report->'scenarios') when 'array' then r.report->'scenarios' else '[]' end) s) end`

/** Reports of version 0.1.0 do not say it. */
const ELAPSED = `case when r.finished_at is null then null else coalesce((r.report->>'elapsedMs')::float8, greatest(0, ${ms('finished_at')} - ${ms('started_at')} - coalesce((
  select max((s->'pausedMs'->>'interrupted')::float8)
  from json_array_elements(case json_typeof(r.report->'scenarios') when 'array' then r.report->'scenarios' else '[]' end) s), 0))) end`

export async function listRuns(sql: Sql, { name, unfinished, limit = 1_000 }: RunFilter): Promise<RunSummary[]> {
  const rows = await sql.unsafe(
    `select r.id, r.name, r.fingerprint, r.status, r.reason, r.epoch, r.owner, ${CREATED_AT} as created_at, ${ms('started_at')} as started_at,
       ${ms('finished_at')} as finished_at, ${PROGRESS} as progress, ${ELAPSED} as elapsed from troupe.runs r
     where ($1::text is null or r.name = $1) and (not $2::boolean or r.finished_at is null) order by r.created_at desc, r.id limit $3::int`,
    [name ?? null, unfinished ?? false, limit],
    { prepare: true },
  )
  return rows.map((row) => {
    const { plan: _plan, planVersion: _version, skillVersions: _skills, report: _report, ...summary } = rowOf(row)
    return { ...summary, progressPct: row.progress === null ? null : Number(row.progress), elapsedMs: row.elapsed as number | null }
  })
}

export async function runIds(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql.unsafe('select id from troupe.runs order by created_at desc, id limit $1::int', [limit], { prepare: true })
  return rows.map((row) => row.id as string)
}

export async function pruneRuns(sql: Sql, olderThanMs: number): Promise<string[]> {
  const rows = await sql`
    with gone as (delete from troupe.runs where finished_at < clock_timestamp() - ${olderThanMs}::float8 * interval '1 ms' returning id),
    batches as (delete from troupe.batches t using gone where t.run = gone.id),
    actors as (delete from troupe.actors t using gone where t.run = gone.id),
    events as (delete from troupe.events t using gone where t.run = gone.id),
    checkpoints as (delete from troupe.scenario_checkpoints t using gone where t.run = gone.id),
    kept as (delete from troupe.kept_items t using gone where t.run = gone.id),
    breakers as (delete from troupe.breakers t using gone where t.run = gone.id),
    milestones as (delete from troupe.orchestration_milestones t using gone where t.run = gone.id)
    select id from gone order by id`
  return rows.map((row) => row.id as string)
}
