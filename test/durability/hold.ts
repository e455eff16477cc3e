import type postgres from 'postgres'

/** Holds up what others want to do with a table, until it is released. */
export async function holdLock(
  query: postgres.Sql,
  table: string,
  mode: 'access exclusive' | 'exclusive' | 'share' = 'exclusive',
): Promise<{ release(): Promise<void> }> {
  const session = await query.reserve()
  await session.unsafe('begin')
  await session.unsafe(`lock table ${table} in ${mode} mode`)
  return {
    async release() {
      await session.unsafe('rollback')
      session.release()
    },
  }
}

/** Gives others every opportunity to do what they must not: so many round trips to the database, each longer than one of their steps. */
export async function opportunity(query: postgres.Sql, trips = 60): Promise<void> {
  for (let n = 0; n < trips; n++) await query`select pg_sleep(0.002)`
}
