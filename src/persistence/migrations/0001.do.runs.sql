-- 0001: runs, and the actors' snapshots. Breaking: no.

-- One sequence orders events, batches and checkpoints, whoever writes them; gaps are fine.
create sequence troupe.sequence cache 1;

create table troupe.runs (
  id             text        primary key,
  name           text        not null,
  plan           jsonb       not null,
  fingerprint    text        not null,
  skill_versions jsonb       not null,
  status         text        not null check (status in ('pending', 'running', 'paused', 'complete', 'failed')),
  reason         text,
  epoch          integer     not null default 0, -- grows at each take-over; every write names the one it belongs to
  owner          jsonb,                          -- host, pid, since, seenAt; null where nobody has it
  created_at     timestamptz not null default clock_timestamp(),
  started_at     timestamptz,
  finished_at    timestamptz,
  report         jsonb
);
create index runs_unfinished on troupe.runs (fingerprint, created_at) where finished_at is null;

create table troupe.actors (
  run      text        not null references troupe.runs on delete cascade,
  actor    text        not null,
  machine  text        not null,
  version  integer     not null,
  status   text        not null,
  sequence bigint      not null, -- batches stored after it are folded in at a restore
  snapshot jsonb       not null, -- without the children that have rows of their own
  saved_at timestamptz not null default clock_timestamp(),
  primary key (run, actor)
) with (fillfactor = 50);        -- rewritten in place (HOT)
