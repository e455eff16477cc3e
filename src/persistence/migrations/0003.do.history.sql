-- 0003: what happened, and the states to go back to. Breaking: no.

create table troupe.events (
  run      text        not null references troupe.runs on delete cascade,
  sequence bigint      not null default nextval('troupe.sequence'),
  at       timestamptz not null,
  actor    text        not null,
  type     text        not null,
  data     jsonb       not null,
  primary key (run, sequence)
);

create table troupe.scenario_checkpoints (
  run            text             not null references troupe.runs on delete cascade,
  variant        text             not null,
  scenario       text             not null,
  repetition     integer          not null,
  milestone_pct  real             not null,
  progress_pct   real             not null,
  elapsed_ms     double precision not null,
  active_ms      double precision not null,
  sequence       bigint           not null,
  state_snapshot jsonb            not null,
  at             timestamptz      not null,
  primary key (run, variant, scenario, sequence)
);

create table troupe.orchestration_milestones (
  run           text        not null references troupe.runs on delete cascade,
  repetition    integer     not null,
  milestone_pct real        not null,
  reached_at    timestamptz not null,
  released_at   timestamptz,                   -- null where nobody waited
  outcome       text        check (outcome in ('all', 'without', 'timed-out')),
  missing       text[]      not null default '{}',
  statuses      jsonb       not null,
  primary key (run, repetition, milestone_pct)
);
