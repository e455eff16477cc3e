import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import { urlOf } from './server.ts'

export interface TestDatabase {
  /** Names it for any process. */
  url: string
  query: postgres.Sql
  drop(): Promise<void>
}

/** A new database on the suite's server: with our schema, or with nothing in it. */
export async function createDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const server = inject('server')
  const name = `test_${randomBytes(6).toString('hex')}`
  const admin = postgres({ ...server, database: 'postgres', max: 1, onnotice() {} })
  await admin.unsafe(`create database ${name}${empty ? '' : ` template ${inject('template')}`}`)
  const query = postgres({ ...server, database: name, max: 2, onnotice() {} })
  const drop = async () => {
    await query.end({ timeout: 1 })
    await admin.unsafe(`drop database if exists ${name} with (force)`)
    await admin.end({ timeout: 1 })
  }
  return { url: urlOf(server, name), query, drop }
}
