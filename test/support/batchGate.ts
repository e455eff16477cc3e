import type postgres from 'postgres'
import { openTroupe } from '../../src/troupe.ts'
import { until } from './until.ts'

/**
 * A gate in the database: from the batch with this number on, nothing of any scenario is stored until it is opened. So a program can be killed
 * in the middle of its run, however fast it is and however slow its killer.
 */
export async function batchGate({ url, query }: { url: string; query: postgres.Sql }, batch: number) {
  // Brings the schema.
  await (await openTroupe({ database: url })).close()
  const keeper = await query.reserve()
  await keeper`select pg_advisory_lock(4711)`
  await query.unsafe(`
    create function wait_at_gate() returns trigger language plpgsql as $$ begin perform pg_advisory_lock_shared(4711); perform pg_advisory_unlock_shared(4711); return new; end $$;
    create trigger gate before insert on troupe.batches for each row when (new.batch >= ${batch}) execute function wait_at_gate()`)
  const writers = () => query`
    select pid from pg_stat_activity where datname = current_database() and application_name = 'troupe'`
  return {
    /** Resolves when a write waits there. */
    reached: () =>
      until('a batch waits at the gate', async () => {
        const waiting = await query`
          select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`
        return waiting.length > 0
      }),
    /** What waits there is not stored any more: the programs that want it must have been killed. */
    async open() {
      await query`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'troupe'`
      await until('nobody writes any more', async () => (await writers()).length === 0)
      await keeper`select pg_advisory_unlock(4711)`
      keeper.release()
      await query.unsafe('drop function wait_at_gate cascade')
    },
  }
}
