import postgres, { type Options, type Sql } from 'postgres'
import { DatabaseUnreachableError } from '../errors.ts'

export type { Sql }

/** Where a PostgreSQL is: a URL, or what an embedded one says of itself. */
export interface Address {
  /** Without its password: for messages. */
  shown: string
  url?: string
  options?: { host: string; port?: number; user: string; password?: string; database: string }
}

export function addressOfUrl(url: string): Address {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch (cause) {
    throw new DatabaseUnreachableError(redactUrl(url), cause)
  }
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:') {
    throw new DatabaseUnreachableError(redactUrl(url), new Error('the URL must begin with postgres:// or postgresql://'))
  }
  const socket = parsed.searchParams.get('host')
  // As libpq reads it; postgres.js would go to 127.0.0.1 instead.
  if (socket?.startsWith('/')) {
    const options = {
      host: socket,
      port: Number(parsed.port || parsed.searchParams.get('port') || 5432),
      user: decodeURIComponent(parsed.username) || 'postgres',
      ...(parsed.password && { password: decodeURIComponent(parsed.password) }),
      database: decodeURIComponent(parsed.pathname.slice(1)) || 'postgres',
    }
    return { shown: redactUrl(url), options }
  }
  return { shown: redactUrl(url), url }
}

const redactUrl = (url: string) => url.replace(/\/\/([^:@/]*):.*@/, '//$1:***@').replace(/([?&]password=)[^&]*/, '$1***')

/** A client of its own. Reconnecting is left to those who know what was lost: it tries once, at once. */
export function connect(address: Address, options: Options<Record<string, never>> = {}): Sql {
  const all = {
    max: 1,
    fetch_types: false,
    connect_timeout: 10,
    backoff: () => 0,
    onnotice: () => {},
    ...options,
    connection: { application_name: 'troupe', ...options.connection },
  }
  return address.url === undefined ? postgres({ ...address.options, ...all } as never) : postgres(address.url, all as never)
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

/** What a failed query means: the connection is gone (08, 57P, 53300), the data is refused (22, 23, 54), somebody else went first (40), or neither. */
export function classifyDatabaseError(error: unknown): 'connection' | 'data' | 'contention' | 'other' {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  if (CONNECTION_CODES.has(code) || code.startsWith('08') || code.startsWith('57P') || code === '53300') return 'connection'
  if (code === '40001' || code === '40P01') return 'contention'
  return /^(22|23|54)/.test(code) ? 'data' : 'other'
}
