import type { Fact } from './facts.ts'
import { mergeKept } from './keptItems.ts'

type Other = Exclude<Fact, { kind: 'batch' }>

interface Section {
  kind: Other['kind']
  /** `data` is the parameter that holds the section's rows, as a JSON array. */
  sql(data: string, again: boolean): string
}

const rowsOf = (data: string, columns: string, type: 'json' | 'jsonb' = 'jsonb') =>
  `${type}_to_recordset(${data}::text::${type}) as f(run text, ${columns}) join owned o on o.id = f.run`
const instant = (column: string) => `to_timestamp(f."${column}" / 1000)`

const PLACE = 'variant text, scenario text, repetition int, round int, batch int'

/** The rarer facts of a flush, each a part of its statement. */
export const SECTIONS: readonly Section[] = [
  {
    kind: 'event',
    sql: (data, again) => `insert into troupe.events (run, at, actor, type, data)
      select f.run, ${instant('at')}, f.actor, f.type, f.data from ${rowsOf(data, 'at float8, actor text, type text, data jsonb')}
      ${again ? `where not exists (select from troupe.events e where e.run = f.run and e.at = ${instant('at')} and e.actor = f.actor and e.type = f.type and e.data = f.data)` : ''}`,
  },
  {
    kind: 'checkpoint',
    sql: (
      data,
      again,
    ) => `insert into troupe.scenario_checkpoints (run, variant, scenario, repetition, milestone_pct, progress_pct, elapsed_ms, active_ms, sequence, state_snapshot, at)
      select f.run, f.variant, f.scenario, f.repetition, f."milestonePct", f."progressPct", f."elapsedMs", f."activeMs", nextval('troupe.sequence'), f.snapshot, ${instant('at')}
      from ${rowsOf(data, 'variant text, scenario text, repetition int, "milestonePct" float8, "progressPct" float8, "elapsedMs" float8, "activeMs" float8, snapshot jsonb, at float8')}
      ${again ? `where not exists (select from troupe.scenario_checkpoints c where c.run = f.run and c.variant = f.variant and c.scenario = f.scenario and c.repetition = f.repetition and c.milestone_pct = f."milestonePct"::real and c.at = ${instant('at')})` : ''}`,
  },
  {
    kind: 'milestone',
    sql: (
      data,
    ) => `insert into troupe.orchestration_milestones (run, repetition, milestone_pct, reached_at, released_at, outcome, missing, statuses)
      select f.run, f.repetition, f.pct, ${instant('reachedAt')}, ${instant('releasedAt')}, f.outcome, array(select jsonb_array_elements_text(f.missing)), f.statuses
      from ${rowsOf(data, 'repetition int, pct float8, "reachedAt" float8, "releasedAt" float8, outcome text, missing jsonb, statuses jsonb')}
      on conflict do nothing`,
  },
  {
    kind: 'snapshot',
    sql: (data) => `insert into troupe.actors (run, actor, machine, version, status, sequence, snapshot)
      select f.run, f.actor, f.machine, f.version, f.status, nextval('troupe.sequence'), f.snapshot
      from ${rowsOf(data, 'actor text, machine text, version int, status text, snapshot jsonb')}
      on conflict (run, actor) do update set machine = excluded.machine, version = excluded.version, status = excluded.status,
        sequence = excluded.sequence, snapshot = excluded.snapshot, saved_at = excluded.saved_at`,
  },
  {
    kind: 'breaker',
    sql: (data) => `insert into troupe.breakers (run, variant, version, state) select f.run, f.variant, f.version, f.state
      from ${rowsOf(data, 'variant text, version int, state jsonb')}
      on conflict (run, variant) do update set version = excluded.version, state = excluded.state, updated_at = clock_timestamp()`,
  },
  {
    kind: 'kept',
    sql: (data) => `insert into troupe.kept_items (run, variant, scenario, repetition, round, batch, results, errors, figures)
      select f.run, f.variant, f.scenario, f.repetition, f.round, f.batch, f.results::jsonb, f.errors::jsonb, f.figures::jsonb
      from ${rowsOf(data, `${PLACE}, results text, errors text, figures text`)}
      on conflict (run, variant, scenario, repetition, round, batch) do update set sequence = excluded.sequence,
        results = kept_items.results || excluded.results, errors = kept_items.errors || excluded.errors, figures = excluded.figures`,
  },
  {
    kind: 'dropped',
    sql: (data) => `delete from troupe.kept_items k using ${rowsOf(data, PLACE)} where k.run = f.run and k.variant = f.variant
      and k.scenario = f.scenario and k.repetition = f.repetition and k.round = f.round and k.batch = f.batch`,
  },
  {
    kind: 'run',
    sql: (
      data,
    ) => `update troupe.runs r set status = f.status, reason = f.reason, started_at = coalesce(r.started_at, ${instant('startedAt')}),
        finished_at = ${instant('finishedAt')}, report = coalesce(f.report, r.report)
      from ${rowsOf(data, 'status text, reason text, "startedAt" float8, "finishedAt" float8, report json', 'json')} where r.id = f.run`,
  },
]

/** The rows of one section. Of an actor, a breaker and a run only the last state in a flush counts: a statement may change a row once. */
export function sectionRows(kind: Other['kind'], facts: readonly { run: string; fact: Other }[]): object[] {
  const rows = new Map<string, { run: string; fact: Other }>()
  for (const [i, { run, fact }] of facts.entries()) {
    const key = rowOf(run, fact) ?? String(i)
    // A statement does not see what it inserts: nothing is stored of what it would have to delete.
    if (kind === 'kept' && fact.kind === 'dropped') rows.delete(key)
    if (fact.kind !== kind) continue
    const merged = { run, fact: merge(rows.get(key)?.fact, fact) }
    rows.delete(key)
    rows.set(key, merged)
  }
  return [...rows.values()].map(({ run, fact: { kind: _kind, ...data } }) => ({ ...data, run }))
}

/** Names the row that is rewritten in place; `undefined`: each fact has one of its own. */
function rowOf(run: string, fact: Other): string | undefined {
  if (fact.kind === 'snapshot') return `${run} ${fact.actor}`
  if (fact.kind === 'breaker') return `${run} ${fact.variant}`
  if (fact.kind === 'kept' || fact.kind === 'dropped')
    return JSON.stringify([run, fact.variant, fact.scenario, fact.repetition, fact.round, fact.batch])
  return fact.kind === 'run' ? run : undefined
}

/** What a run's later state leaves open, the earlier one has said. */
function merge(before: Other | undefined, fact: Other): Other {
  if (before?.kind === 'kept' && fact.kind === 'kept') return mergeKept(before, fact)
  if (before?.kind !== 'run' || fact.kind !== 'run') return fact
  return { ...fact, startedAt: before.startedAt ?? fact.startedAt, report: fact.report ?? before.report }
}
