-- 0006: the form of a stored plan, and items that failed alone. Breaking: no.

-- 1: as version 0.1.0 stored it. A reader brings an older plan up to its own version.
alter table troupe.runs add column plan_version integer not null default 1;

-- Errors of the items that failed while others of the batch did not; null: none.
alter table troupe.batches add column item_errors jsonb;
