import postgres, { type Options, type Sql } from 'postgres'
import { Sockets } from './sockets.ts'

export type { Sql }

/** Where a PostgreSQL is: a URL, or what an embedded one says of itself. */
export interface Address {
  /** Without its password: for messages. */
  shown: string
  url?: string
  options?: {
    host?: string
    port?: number
    user?: string
    password?: string
    database?: string
    connect_timeout?: number
    ssl?: object
    /** Settings of its sessions. */
    connection?: Record<string, string>
  }
  /** A pooler lets no settings through. */
  bare?: boolean
}

/**
 * What our statements rely on, whatever the server, the database and the role have for defaults. Not among them: who may write, and how durably.
 */
const SETTINGS = {
  search_path: 'pg_catalog',
  extra_float_digits: '1',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  standard_conforming_strings: 'on',
  bytea_output: 'hex',
  array_nulls: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
}

/**
 * A client of its own. Reconnecting is left to those who know what was lost: it tries once, at once. When its `end` resolves, nothing of it keeps the
 * process alive.
 */
export function connect(address: Address, options: Options<Record<string, never>> = {}): Sql {
  const sockets = new Sockets()
  const all = {
    max: 1,
    fetch_types: false,
    connect_timeout: 10,
    backoff: () => 0,
    onnotice: () => {},
    ...address.options,
    ...options,
    connection: {
      application_name: 'troupe',
      ...address.options?.connection,
      ...options.connection,
      ...(!address.bare && SETTINGS),
    },
    socket: sockets.connect,
  }
  const sql: Sql = address.url === undefined ? postgres(all as never) : postgres(address.url, all as never)
  const { end } = sql
  const endAll: typeof end = async (how) => {
    await end(how)
    await sockets.end()
  }
  return Object.assign(sql, { end: endAll })
}

const CONNECTION_CODES = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
])

/** Another server may do what this one refuses: after a fail-over the old primary is read-only. */
export const needsNewConnection = (error: unknown): boolean => codeOf(error) === '25006'

/** What will pass, while the server answers: no room, no memory, no connection left, a lock or a statement that took too long, read-only. */
const PASSING = /^(53|58|25006$|55P03$|57014$)/

/** A quota, or a limit on the size of files: PostgreSQL has no code for it, and words of many languages. Its routine has one name. */
const isOutOfRoom = (error: unknown): boolean =>
  codeOf(error) === 'XX000' && /^md(zero)?extend$/.test(String((error as { routine?: unknown }).routine))

/**
 * What a failed query means: the connection is gone (08, 57P), or the server cannot do its work for now; the data is refused (22, 23, 54),
 * somebody else went first (40), or neither.
 */
export function classifyDatabaseError(error: unknown): 'connection' | 'data' | 'contention' | 'other' {
  const code = codeOf(error)
  if (CONNECTION_CODES.has(code) || code.startsWith('08') || code.startsWith('57P') || PASSING.test(code) || isOutOfRoom(error))
    return 'connection'
  if (code === '40001' || code === '40P01') return 'contention'
  return /^(22|23|54)/.test(code) ? 'data' : 'other'
}

/** It answers, and is not ready yet: it starts, recovers from a crash, or has no connection left. */
export const isNotReady = (error: unknown): boolean => /^(57P03|53300)$/.test(codeOf(error))

export const codeOf = (error: unknown): string => (typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '')
