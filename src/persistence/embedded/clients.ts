import type { Connection } from './address.ts'

/** What a running server tells of itself. `connections`: everybody's but the one that asks; `foreign`: those which are not ours. */
export async function askServer(connection: Connection): Promise<{ version: string; connections: number; foreign: number }> {
  const { default: postgres } = await import('postgres')
  const sql = postgres({ ...connection, max: 1, connect_timeout: 5, fetch_types: false })
  try {
    const [answer] = await sql<[{ version: string; connections: number; foreign: number }]>`
      select
        current_setting('server_version') as version,
        count(*)::int as connections,
        (count(*) filter (where application_name not like 'troupe%'))::int as foreign
      from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid()`
    return answer
  } finally {
    await sql.end({ timeout: 1 })
  }
}
