-- 0002: one row per batch of items that was settled: the journal that a restore folds. Breaking: no.
--
-- No foreign key to runs: the statement that writes here holds the run's row anyway, and the check would cost a third of the throughput.
-- A run is deleted together with its batches (prune). Keys compare bytes (collate "C"), which is another sixth.

create table troupe.batches (
  run         text collate "C" not null,
  variant     text collate "C" not null,
  scenario    text collate "C" not null,
  repetition  integer          not null default 1,
  round       integer          not null default 0, -- grows when what is not confirmed is tried again
  batch       integer          not null,
  from_item   bigint           not null,
  items       integer          not null check (items > 0),
  attempt     integer          not null default 1,
  sequence    bigint           not null default nextval('troupe.sequence'),
  outcome     text             not null default 'ok' check (outcome in ('ok', 'failed')),
  error_class text,
  error       jsonb,
  processed   integer          not null,
  result      jsonb,
  quality     jsonb,
  usage       jsonb,
  warmup      boolean          not null default false,
  started_at  timestamptz      not null, -- when the skill call of the last attempt began, on the skill's clock
  active_ms   double precision not null, -- of all attempts
  cpu_ms      double precision,
  host        text             not null,
  primary key (run, variant, scenario, repetition, round, batch)
);
