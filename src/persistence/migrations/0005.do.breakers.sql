-- 0005: the circuit breaker in front of each variant's skill. Breaking: no.

create table troupe.breakers (
  run        text        collate "C" not null,
  variant    text        collate "C" not null,
  version    integer     not null,
  state      jsonb       not null,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (run, variant)
) with (fillfactor = 50);
