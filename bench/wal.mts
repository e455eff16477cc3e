import postgres from 'postgres'
import { openTroupe } from '../src/troupe.ts'
import { troupeContender } from './ours.ts'
const sql = postgres(process.env.URL!, { max: 1, onnotice() {} })
const troupe = await openTroupe({ database: process.env.URL })
const c = troupeContender(troupe)
await c.run(1, 1000); await sql`checkpoint`; await c.run(1, 1000)
const [a] = await sql`select pg_current_wal_insert_lsn() as l`
await c.run(Number(process.argv[2] ?? 1), 1000)
const [b] = await sql`select pg_current_wal_insert_lsn() as l`
const rows = await sql.unsafe(`select "resource_manager/record_type" as t, count, record_size, fpi_size, combined_size from pg_get_wal_stats('${a!.l}','${b!.l}', true) where count > 0 order by combined_size desc`)
for (const r of rows) console.log(r.t, r.count, 'rec', r.record_size, 'fpi', r.fpi_size, 'per batch', (r.combined_size / 120 / Number(process.argv[2] ?? 1)).toFixed(1))
const rel = await sql.unsafe(`select c.relname, resource_manager || '/' || record_type as t, count(*), sum(record_length) as bytes from pg_get_wal_block_info('${a!.l}','${b!.l}', false) b left join pg_class c on c.relfilenode = b.relfilenode group by 1,2 order by 4 desc limit 25`)
for (const r of rel) console.log(r.relname, r.t, r.count, (Number(r.bytes) / 120 / Number(process.argv[2] ?? 1)).toFixed(1))
await troupe.close(); await sql.end()
