-- 0004: the other tables as bare as batches. Breaking: no.
--
-- No foreign keys: whoever writes holds the run's row, and the checks took a sixth of a flush. Keys compare bytes. A run is deleted with all that is its own (prune).

alter table troupe.actors drop constraint actors_run_fkey;
alter table troupe.events drop constraint events_run_fkey;
alter table troupe.scenario_checkpoints drop constraint scenario_checkpoints_run_fkey;
alter table troupe.orchestration_milestones drop constraint orchestration_milestones_run_fkey;

alter table troupe.runs alter column id type text collate "C";
alter table troupe.actors alter column run type text collate "C", alter column actor type text collate "C";
alter table troupe.events alter column run type text collate "C";
alter table troupe.scenario_checkpoints
  alter column run type text collate "C", alter column variant type text collate "C", alter column scenario type text collate "C";
alter table troupe.orchestration_milestones alter column run type text collate "C";

-- Its keys stay in the order in which people read them.
alter table troupe.runs alter column report type json;
alter table troupe.runs set (fillfactor = 50); -- rewritten in place (HOT), at a change of status and each second
