-- 0008: keys of results stay in the order in which the skill returned them. Breaking: no.

-- jsonb sorts keys. What was stored before keeps the order that it has.
alter table troupe.batches alter column result type json using result::json;
