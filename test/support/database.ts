import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'

/** A new, empty database on the suite's server. `url` names it for any process. */
export async function createDatabase(): Promise<{ url: string; query: postgres.Sql; drop(): Promise<void> }> {
  const { host, port, user, password } = inject('server')
  const name = `test_${randomBytes(6).toString('hex')}`
  const admin = postgres({ host, port, user, password, database: 'postgres', max: 1, onnotice() {} })
  await admin.unsafe(`create database ${name}`)
  const query = postgres({ host, port, user, password, database: name, max: 2, onnotice() {} })
  const secret = password ? `:${encodeURIComponent(password)}` : ''
  const url = host.startsWith('/')
    ? `postgres://${user}${secret}@localhost:${port}/${name}?host=${encodeURIComponent(host)}`
    : `postgres://${user}${secret}@${host}:${port}/${name}`
  const drop = async () => {
    await query.end({ timeout: 1 })
    await admin.unsafe(`drop database if exists ${name} with (force)`)
    await admin.end({ timeout: 1 })
  }
  return { url, query, drop }
}
