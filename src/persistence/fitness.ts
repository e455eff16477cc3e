import { DatabasePooledError, DatabaseRightsError, DatabaseUnsuitableError } from '../errors.ts'
import type { Client } from './client.ts'
import { codeOf, type Address, type Sql } from './connection.ts'

/** Who answers: no two sessions have the same. */
const WHO = `select pid || ' ' || extract(epoch from backend_start) as who from pg_catalog.pg_stat_activity where pid = pg_catalog.pg_backend_pid()`
/** In no regular order: a pooler that hands out its sessions in turn would give each client always the same. */
const TURNS = [0, 1, 0, 0, 1, 1, 0, 1]

/**
 * Whether a database that we did not make can hold runs at all. Two clients ask: they are those who work with it afterwards.
 * @throws {DatabaseUnsuitableError} {@link DatabasePooledError}
 */
export async function checkDatabase(clients: readonly [Client, Client], address: Address): Promise<void> {
  // Once may be a connection that broke: a pooler does it again.
  if ((await areShared(clients)) && (await areShared(clients))) throw new DatabasePooledError(address.shown)
  await checkSettings(clients[0].sql, address)
}

/**
 * Two clients ask by turns who serves them. Where sessions are shared, an idle pool gives both the same, a busy one now this and now that.
 * Statements without parameters: any pooler takes them.
 */
async function areShared(clients: readonly Client[]): Promise<boolean> {
  const seen = clients.map(() => new Set<string>())
  for (const i of TURNS) {
    const [row] = await clients[i]!.sql.unsafe(WHO)
    seen[i]!.add(row!.who as string)
  }
  const all = new Set(seen.flatMap((each) => [...each]))
  return all.size !== clients.length || seen.some((each) => each.size > 1)
}

async function checkSettings(sql: Sql, { bare, shown }: Address) {
  const [row] = await sql.unsafe(`
    select pg_encoding_to_char(encoding) as encoding, datname as name, current_setting('server_version_num')::int as version,
      current_setting('extra_float_digits')::int as digits, (current_schemas(true))[1] as first, current_setting('DateStyle') like 'ISO%' as iso,
      current_setting('standard_conforming_strings') as strings
    from pg_catalog.pg_database where datname = current_database()`)
  const { encoding, name, version, digits, first, iso, strings } = row!
  if (encoding !== 'UTF8')
    throw new DatabaseUnsuitableError(
      `"${name}" is encoded in ${encoding}, which has not all the characters that results may have`,
      `Make another: create database troupe encoding 'UTF8' template template0 locale 'C'`,
    )
  if (version < 140_000)
    throw new DatabaseUnsuitableError(`its PostgreSQL is too old (${Math.floor(version / 10_000)})`, 'Use PostgreSQL 14 or newer')
  if (bare && (digits < 0 || !String(first).startsWith('pg_') || !iso || strings !== 'on'))
    throw new DatabaseUnsuitableError(
      `the pooler at ${shown} lets no settings through, and the server's own are not what is relied on: extra_float_digits ${digits}, search_path that begins with ${first}`,
      'Connect to the database itself, or set for the role: alter role … set search_path = pg_catalog; alter role … set extra_float_digits = 1',
    )
}

/** Poolers refuse a session that begins with settings they do not know: then it begins without. */
export const refusesSettings = (error: unknown): boolean => codeOf(error) === '08P01' && /startup parameter/i.test(String(error))

const TABLES = 'select, insert, update, delete'

/** All rights that work needs, looked at before it begins. @throws {DatabaseRightsError} */
export async function checkRights(sql: Sql): Promise<void> {
  const [row] = await sql.unsafe(`
    select current_user as role, has_schema_privilege(n.oid, 'usage') as usage,
      array_to_json(array(select c.relname::text from pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p') and c.relname <> 'schemaversion'
        and not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
          and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete')))) as tables,
      exists (select from pg_class c where c.relnamespace = n.oid and case c.relkind when 'S' then not has_sequence_privilege(c.oid, 'usage') else false end) as sequences
    from pg_namespace n where n.nspname = 'troupe'`)
  if (!row) return
  const { role, usage, tables, sequences } = row as unknown as { role: string; usage: boolean; tables: string[]; sequences: boolean }
  const missing = [
    ...(usage ? [] : ['usage of the schema troupe']),
    ...(tables.length > 0 ? [`${TABLES} on ${tables.map((table) => `troupe.${table}`).join(', ')}`] : []),
    ...(sequences ? ['usage of the sequence troupe.sequence'] : []),
  ]
  if (missing.length > 0)
    throw new DatabaseRightsError(`The role "${role}" has not all rights: it lacks ${missing.join('; ')}`, grants(role))
}

const quoted = (role: string) => `"${role.replaceAll('"', '""')}"`

export const grants = (role: string) =>
  `As the owner of the schema: grant usage on schema troupe to ${quoted(role)}; grant ${TABLES} on all tables in schema troupe to ${quoted(role)}; ` +
  `grant usage on all sequences in schema troupe to ${quoted(role)};`

/** What a role that makes or changes the schema needs. @throws {DatabaseRightsError} */
export async function checkMigrationRights(sql: Sql): Promise<void> {
  const [row] = await sql.unsafe(`
    select current_user as role, current_database() as database, has_database_privilege(current_database(), 'create') as may_make,
      (select has_schema_privilege(oid, 'usage') and has_schema_privilege(oid, 'create') from pg_namespace where nspname = 'troupe') as may_fill,
      (select string_agg(distinct pg_get_userbyid(relowner), ', ') from pg_class where relnamespace = (select oid from pg_namespace where nspname = 'troupe')
        and relkind = 'r' and not pg_has_role(relowner, 'member')) as owner`)
  const { role, database, may_make: mayMake, may_fill: mayFill, owner } = row!
  const who = quoted(role)
  if (mayFill === null && !mayMake)
    throw new DatabaseRightsError(
      `The role "${role}" may not make the schema troupe in the database "${database}"`,
      `As an administrator: create schema troupe authorization ${who};`,
    )
  if (mayFill === false)
    throw new DatabaseRightsError(
      `The role "${role}" may not make tables in the schema troupe`,
      `As its owner: grant usage, create on schema troupe to ${who};`,
    )
  if (owner !== null)
    throw new DatabaseRightsError(
      `The tables in the schema troupe have to be changed for this version, and belong to the role "${owner}"`,
      `Run troupe db migrate once as that role, or as an administrator: grant ${quoted(owner)} to ${who};`,
    )
}
