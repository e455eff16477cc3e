import { expect, test } from 'vitest'
import { DatabaseUrlError } from '../../src/errors.ts'
import { addressOfUrl } from '../../src/persistence/databaseUrl.ts'

const at = (query: string) => `postgres://ada:s%40fe@db.example:6000/work?${query}`
const PLAIN = { user: 'ada', password: 's@fe', database: 'work' }

test.each([
  ['channel_binding=prefer', {}],
  ['gssencmode=disable&keepalives=1&keepalives_idle=30', {}],
  ['tcp_user_timeout=3000&client_encoding=utf8', {}],
  ['connect_timeout=7', { connect_timeout: 7 }],
  ['application_name=mine', { connection: { application_name: 'mine' } }],
  ['options=-c%20geqo%3Doff', { connection: { options: '-c geqo=off' } }],
])('(case 26) what libpq knows is accepted: %s', (query, more) => {
  const { url, options } = addressOfUrl(at(query))
  expect(options).toEqual({ ...PLAIN, ...more })
  expect(new URL(url!).search).toBe('')
})

test('(case 26) what postgres.js reads itself is left to it', () => {
  const { url } = addressOfUrl(at('sslmode=require&target_session_attrs=read-write&channel_binding=prefer'))
  expect(new URL(url!).search).toBe('?sslmode=require&target_session_attrs=read-write')
})

test.each([
  ['schema=public', 'schema', ' (Prisma does)'],
  ['pgbouncer=true', 'pgbouncer', ' (Prisma does)'],
  ['sslmode=require&connection_limit=1', 'connection_limit', ' (Prisma does)'],
  ['currentSchema=x', 'currentSchema', ' (JDBC does)'],
  ['statement_timeout=5', 'statement_timeout', ''],
])('(case 26) what is of other libraries is refused by its name: %s', (query, name, whose) => {
  const refused = (() => {
    try {
      addressOfUrl(at(query))
    } catch (error) {
      return error as DatabaseUrlError
    }
    return undefined
  })()!
  expect(refused).toBeInstanceOf(DatabaseUrlError)
  expect(refused.message).toBe(
    `The database URL postgres://ada:***@db.example:6000/work?${query} cannot be used: PostgreSQL does not know its parameter ${name}${whose}`,
  )
  expect(refused.hint).toContain(`Remove the parameter ${name} from the URL`)
  expect(refused.exitCode).toBe(2)
})

test.each([
  ['postgres://u:p%zz@h/d', 'it has a % that begins no code'],
  ['mysql://h/d', 'it must begin with postgres:// or postgresql://'],
  [at('channel_binding=require'), 'it asks for channel_binding=require, which cannot be done here'],
  [at('sslmode=yes'), 'sslmode=yes is none of disable, allow, prefer, require, verify-ca, verify-full'],
  [at('sslrootcert=/no/such/file'), 'its sslrootcert cannot be read: '],
])('(case 26) what cannot be done is said: %s', (url, why) => {
  expect(() => addressOfUrl(url)).toThrow(why)
})

test('a socket, and several hosts, are found where they are', () => {
  expect(addressOfUrl('postgres://u:p@/d?host=%2Frun%2Fpg&port=6001').options).toMatchObject({
    host: '/run/pg',
    port: 6001,
    user: 'u',
    database: 'd',
  })
  expect(addressOfUrl('postgres://u:p@a:1,b:2/d?target_session_attrs=primary').url).toBe(
    'postgres://u:p@a:1,b:2/d?target_session_attrs=primary',
  )
})

test('no password is shown, wherever it stands', () => {
  expect(addressOfUrl('postgres://u:secret@h/d').shown).toBe('postgres://u:***@h/d')
  expect(addressOfUrl('postgres://u@h/d?password=secret').shown).toBe('postgres://u@h/d?password=***')
  expect(() => addressOfUrl('postgres://u@h/d?password=secret&schema=x')).toThrow(/^(?!.*secret)/)
})
