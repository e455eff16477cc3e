import type postgres from 'postgres'

/** Everything in the schema `troupe`, as text that changes exactly when it does. */
export async function dumpSchema(database: postgres.Sql): Promise<string> {
  return database.begin('read only', async (sql) => {
    // Names come with their schema, whoever looks.
    await sql`set local search_path = ''`
    return dumpAll(sql)
  })
}

async function dumpAll(sql: postgres.TransactionSql): Promise<string> {
  const [sequences, tables] = await Promise.all([
    sql<{ text: string }[]>`
      select format('create sequence troupe.%I as %s cache %s;', sequencename, data_type, cache_size) as text
      from pg_sequences where schemaname = 'troupe' order by sequencename`,
    sql<{ oid: number; name: string; options: string[] | null }[]>`
      select oid::int, relname as name, reloptions as options from pg_class
      where relnamespace = to_regnamespace('troupe') and relkind in ('r', 'p') order by relname`,
  ])
  const texts = await Promise.all(tables.map((table) => dumpTable(sql, table)))
  const others = await sql<{ text: string }[]>`
    select format('%s %s', case prokind when 'p' then 'procedure' else 'function' end, oid::regprocedure) as text
    from pg_proc where pronamespace = to_regnamespace('troupe') order by 1`
  return [...sequences.map(({ text }) => text), ...texts, ...others.map(({ text }) => text), ''].join('\n\n')
}

async function dumpTable(
  sql: postgres.TransactionSql,
  { oid, name, options }: { oid: number; name: string; options: string[] | null },
): Promise<string> {
  const columns = await sql<{ text: string }[]>`
    select concat_ws(' ', quote_ident(attname), format_type(atttypid, atttypmod),
      case when attcollation <> typcollation then 'collate ' || quote_ident(collname) end,
      case when attnotnull then 'not null' end, 'default ' || pg_get_expr(adbin, adrelid)) as text
    from pg_attribute a join pg_type t on t.oid = atttypid left join pg_collation c on c.oid = attcollation
    left join pg_attrdef d on d.adrelid = attrelid and d.adnum = attnum
    where attrelid = ${oid} and attnum > 0 and not attisdropped order by attnum`
  const constraints = await sql<{ text: string }[]>`
    select format('constraint %I %s', conname, pg_get_constraintdef(oid)) as text from pg_constraint
    where conrelid = ${oid} and contype <> 'n' order by contype desc, conname`
  const indexes = await sql<{ text: string }[]>`
    select pg_get_indexdef(i.indexrelid) || ';' as text from pg_index i
    where indrelid = ${oid} and not exists (select from pg_constraint c where c.conindid = i.indexrelid) order by 1`
  const triggers = await sql<{ text: string }[]>`
    select pg_get_triggerdef(oid) || ';' as text from pg_trigger where tgrelid = ${oid} and not tgisinternal order by 1`
  const body = [...columns, ...constraints].map(({ text }) => `  ${text}`).join(',\n')
  const table = `create table troupe.${name} (\n${body}\n)${options ? ` with (${options.join(', ')})` : ''};`
  return [table, ...indexes.map(({ text }) => text), ...triggers.map(({ text }) => text)].join('\n')
}
