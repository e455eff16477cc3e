import type postgres from 'postgres'

/** Holds up what others want to do with a table, until it is released. */
export async function holdLock(
  query: postgres.Sql,
  table: string,
  mode: 'access exclusive' | 'exclusive' = 'exclusive',
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
