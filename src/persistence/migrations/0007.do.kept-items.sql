-- 0007: items of a batch that need not be called again although the batch is not settled. Breaking: no.
--
-- Written before a batch whose items fail alone waits for another attempt; deleted together with the outcome of the batch. Mostly empty.

create table troupe.kept_items (
  run        text    collate "C" not null,
  variant    text    collate "C" not null,
  scenario   text    collate "C" not null,
  repetition integer not null,
  round      integer not null,
  batch      integer not null,
  sequence   bigint  not null default nextval('troupe.sequence'),
  results    jsonb   not null, -- by number of the item in its scenario
  errors     jsonb   not null, -- of items that are not tried again in this round, by their number
  figures    jsonb   not null, -- usage and quality of the calls so far
  primary key (run, variant, scenario, repetition, round, batch)
);
