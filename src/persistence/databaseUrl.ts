import { readFileSync } from 'node:fs'
import { DatabaseUrlError } from '../errors.ts'
import type { Address } from './connection.ts'

/** What of libpq's parameters changes nothing here: there is nothing to choose, or the default does what it asks for. */
const IGNORED = new Set([
  ...['fallback_application_name', 'keepalives', 'keepalives_idle', 'keepalives_interval', 'keepalives_count', 'tcp_user_timeout'],
  ...['sslcompression', 'sslsni', 'gsslib', 'gssdelegation', 'krbsrvname', 'load_balance_hosts', 'passfile'],
])
/** What a parameter may ask for without our doing anything; asked for more, we could not keep the promise. */
const ONLY: Record<string, readonly string[]> = {
  channel_binding: ['prefer', 'disable'],
  gssencmode: ['prefer', 'disable'],
  client_encoding: ['utf8', 'utf-8', 'unicode', 'auto'],
  require_auth: [''],
}
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']
const SSL_FILES = { sslrootcert: 'ca', sslcert: 'cert', sslkey: 'key' } as const
/** Read by postgres.js itself. */
const PASSED_ON = new Set(['sslmode', 'sslnegotiation', 'target_session_attrs'])
const OTHERS: Record<string, string> = {
  ...{ schema: 'Prisma', pgbouncer: 'Prisma', connection_limit: 'Prisma', pool_timeout: 'Prisma', sslaccept: 'Prisma' },
  ...{
    socket_timeout: 'Prisma',
    statement_cache_size: 'Prisma',
    sslidentity: 'Prisma',
    currentSchema: 'JDBC',
    reWriteBatchedInserts: 'JDBC',
  },
}

/**
 * The database that a URL names, as libpq reads it. Parameters that other libraries have invented are refused by their names: PostgreSQL would
 * take them for settings that it does not know.
 * @throws {DatabaseUrlError}
 */
export function addressOfUrl(url: string): Address {
  const shown = redactUrl(url)
  const { hosts, rest } = splitHosts(url)
  const parsed = parse(rest, shown)
  const given = parsed.searchParams
  const take = (name: string) => {
    const value = given.get(name)
    given.delete(name)
    return value ?? undefined
  }
  const options: NonNullable<Address['options']> = {}
  const socket = given.get('host')
  for (const name of new Set(given.keys())) check(name, given.get(name)!, shown)
  const host = take('host') ?? take('hostaddr')
  take('hostaddr')
  const port = take('port')
  const user = take('user') ?? (parsed.username && decode(parsed.username, shown))
  const password = take('password') ?? (parsed.password && decode(parsed.password, shown))
  const database = take('dbname') ?? decode(parsed.pathname.slice(1), shown)
  const connectTimeout = take('connect_timeout')
  const settings = take('options')
  const name = take('application_name')
  const ssl = sslFiles(take, given.get('sslmode'), shown)
  for (const key of [...given.keys()]) if (!PASSED_ON.has(key)) given.delete(key)
  if (user) options.user = user
  if (password) options.password = password
  if (database) options.database = database
  if (Number(connectTimeout) > 0) options.connect_timeout = Number(connectTimeout)
  if (ssl) options.ssl = ssl
  if (settings || name) options.connection = { ...(settings && { options: settings }), ...(name && { application_name: name }) }
  if (socket?.startsWith('/')) {
    // As libpq reads it; postgres.js would go to 127.0.0.1 instead.
    const own = {
      host: socket,
      port: Number(parsed.port || port || 5432),
      user: user || 'postgres',
      database: database || user || 'postgres',
    }
    return { shown, options: { ...options, ...own } }
  }
  if (host) parsed.hostname = host
  if (port) parsed.port = port
  return {
    shown,
    url: hosts ? parsed.toString().replace('//troupe-hosts', `//${hosts}`).replace('@troupe-hosts', `@${hosts}`) : parsed.toString(),
    options,
  }
}

/** Several hosts are no URL for Node: they are put in again when the rest has been read. */
function splitHosts(url: string): { hosts?: string; rest: string } {
  const [, before, hosts, after] = /^(\w+:\/\/(?:[^@/?#]*@)?)([^/?#@]*,[^/?#@]*)(.*)$/s.exec(url) ?? []
  return hosts === undefined ? { rest: url } : { hosts, rest: `${before}troupe-hosts${after}` }
}

function parse(url: string, shown: string): URL {
  const refuse = (why: string) =>
    new DatabaseUrlError(shown, why, 'Write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, with % codes for special characters')
  if (!/^postgres(ql)?:\/\//.test(url)) throw refuse('it must begin with postgres:// or postgresql://')
  try {
    // The host may be a parameter, or the default.
    return new URL(url.replace(/^(\w+:\/\/(?:[^@/?#]*@)?)(?=[/?#]|$)/, '$1localhost'))
  } catch {
    throw refuse('it is no URL')
  }
}

function check(name: string, value: string, shown: string) {
  const only = ONLY[name]
  if (only?.includes(value.toLowerCase()) || IGNORED.has(name)) return
  if (only)
    throw new DatabaseUrlError(
      shown,
      `it asks for ${name}=${value}, which cannot be done here`,
      `Remove the parameter ${name} from the URL`,
    )
  if (name === 'sslmode' && !SSL_MODES.includes(value))
    throw new DatabaseUrlError(
      shown,
      `sslmode=${value} is none of ${SSL_MODES.join(', ')}`,
      `Write one of them, or remove the parameter sslmode`,
    )
  if (PASSED_ON.has(name) || name in SSL_FILES) return
  if (['host', 'hostaddr', 'port', 'user', 'password', 'dbname', 'connect_timeout', 'options', 'application_name'].includes(name)) return
  const whose = OTHERS[name] === undefined ? '' : ` (${OTHERS[name]} does)`
  throw new DatabaseUrlError(
    shown,
    `PostgreSQL does not know its parameter ${name}${whose}`,
    `Remove the parameter ${name} from the URL. A setting of the server is written as options=-c%20NAME%3DVALUE`,
  )
}

function sslFiles(take: (name: string) => string | undefined, mode: string | null, shown: string): object | undefined {
  const files = Object.entries(SSL_FILES).map(([name, key]) => [name, key, take(name)] as const)
  const system = files.some(([name, , path]) => name === 'sslrootcert' && path === 'system')
  const found = files.filter(([, , path]) => path !== undefined && path !== 'system')
  if (found.length === 0 && !system) return undefined
  if (mode === 'disable') return undefined
  const read = ([name, key, path]: (typeof found)[number]) => {
    try {
      return [key, readFileSync(path!, 'utf8')]
    } catch (cause) {
      const hint = `Give ${name} the path of a file that can be read`
      throw new DatabaseUrlError(shown, `its ${name} cannot be read: ${(cause as Error).message}`, hint)
    }
  }
  const verifies = system || mode === 'verify-ca' || mode === 'verify-full'
  return {
    ...(Object.fromEntries(found.map(read)) as object),
    rejectUnauthorized: verifies,
    // The certificate of a right authority is enough, whatever the name in it.
    ...(mode === 'verify-ca' && !system && { checkServerIdentity: () => undefined }),
  }
}

function decode(text: string, shown: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new DatabaseUrlError(shown, 'it has a % that begins no code', 'Write % as %25')
  }
}

const redactUrl = (url: string) => url.replace(/\/\/([^:@/]*):.*@/, '//$1:***@').replace(/([?&](?:ssl)?password=)[^&]*/g, '$1***')
