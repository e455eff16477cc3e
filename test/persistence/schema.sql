create sequence troupe.sequence as bigint cache 1;

create table troupe.actors (
  run text collate "C" not null,
  actor text collate "C" not null,
  machine text not null,
  version integer not null,
  status text not null,
  sequence bigint not null,
  snapshot jsonb not null,
  saved_at timestamp with time zone not null default clock_timestamp(),
  constraint actors_pkey PRIMARY KEY (run, actor)
) with (fillfactor=50);

create table troupe.batches (
  run text collate "C" not null,
  variant text collate "C" not null,
  scenario text collate "C" not null,
  repetition integer not null default 1,
  round integer not null default 0,
  batch integer not null,
  from_item bigint not null,
  items integer not null,
  attempt integer not null default 1,
  sequence bigint not null default nextval('troupe.sequence'::regclass),
  outcome text not null default 'ok'::text,
  error_class text,
  error jsonb,
  processed integer not null,
  result json,
  quality jsonb,
  usage jsonb,
  warmup boolean not null default false,
  started_at timestamp with time zone not null,
  active_ms double precision not null,
  cpu_ms double precision,
  host text not null,
  item_errors jsonb,
  constraint batches_pkey PRIMARY KEY (run, variant, scenario, repetition, round, batch),
  constraint batches_items_check CHECK ((items > 0)),
  constraint batches_outcome_check CHECK ((outcome = ANY (ARRAY['ok'::text, 'failed'::text])))
);

create table troupe.breakers (
  run text collate "C" not null,
  variant text collate "C" not null,
  version integer not null,
  state jsonb not null,
  updated_at timestamp with time zone not null default clock_timestamp(),
  constraint breakers_pkey PRIMARY KEY (run, variant)
) with (fillfactor=50);

create table troupe.events (
  run text collate "C" not null,
  sequence bigint not null default nextval('troupe.sequence'::regclass),
  at timestamp with time zone not null,
  actor text not null,
  type text not null,
  data jsonb not null,
  constraint events_pkey PRIMARY KEY (run, sequence)
);

create table troupe.kept_items (
  run text collate "C" not null,
  variant text collate "C" not null,
  scenario text collate "C" not null,
  repetition integer not null,
  round integer not null,
  batch integer not null,
  sequence bigint not null default nextval('troupe.sequence'::regclass),
  results jsonb not null,
  errors jsonb not null,
  figures jsonb not null,
  constraint kept_items_pkey PRIMARY KEY (run, variant, scenario, repetition, round, batch)
);

create table troupe.orchestration_milestones (
  run text collate "C" not null,
  repetition integer not null,
  milestone_pct real not null,
  reached_at timestamp with time zone not null,
  released_at timestamp with time zone,
  outcome text,
  missing text[] not null default '{}'::text[],
  statuses jsonb not null,
  constraint orchestration_milestones_pkey PRIMARY KEY (run, repetition, milestone_pct),
  constraint orchestration_milestones_outcome_check CHECK ((outcome = ANY (ARRAY['all'::text, 'without'::text, 'timed-out'::text])))
);

create table troupe.runs (
  id text collate "C" not null,
  name text not null,
  plan jsonb not null,
  fingerprint text not null,
  skill_versions jsonb not null,
  status text not null,
  reason text,
  epoch integer not null default 0,
  owner jsonb,
  created_at timestamp with time zone not null default clock_timestamp(),
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  report json,
  plan_version integer not null default 1,
  constraint runs_pkey PRIMARY KEY (id),
  constraint runs_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'paused'::text, 'complete'::text, 'failed'::text])))
) with (fillfactor=50);
CREATE INDEX runs_unfinished ON troupe.runs USING btree (fingerprint, created_at) WHERE (finished_at IS NULL);

create table troupe.scenario_checkpoints (
  run text collate "C" not null,
  variant text collate "C" not null,
  scenario text collate "C" not null,
  repetition integer not null,
  milestone_pct real not null,
  progress_pct real not null,
  elapsed_ms double precision not null,
  active_ms double precision not null,
  sequence bigint not null,
  state_snapshot jsonb not null,
  at timestamp with time zone not null,
  constraint scenario_checkpoints_pkey PRIMARY KEY (run, variant, scenario, sequence)
);

create table troupe.schemaversion (
  version bigint not null,
  name text,
  md5 text,
  run_at timestamp with time zone,
  constraint schemaversion_pkey PRIMARY KEY (version)
);

