import postgres from 'postgres'
import { openTroupe } from '../src/troupe.ts'
import { createTable, floor, grouped } from './byHand.ts'
import { troupeContender } from './ours.ts'
const url = process.env.URL!
const sql = postgres(url, { max: 3, onnotice() {} }); const one = postgres(url, { max: 1, onnotice() {} })
await sql`drop table if exists bench_batches`; await createTable(sql)
const troupe = await openTroupe({ database: url })
const cs = [floor(sql as never), grouped(one as never), troupeContender(troupe)]
const med = (a: number[]) => [...a].sort((x, y) => x - y)[a.length >> 1]!
const wal = async () => Number((await sql`select (pg_current_wal_insert_lsn() - '0/0')::float8 as l`)[0]!.l)
for (const [runs, bytes, reps] of [[1, 1000, 15], [100, 1000, 5], [1, 100000, 5]] as const) {
  const out: Record<string, { t: number[]; p: number[]; w: number[] }> = {}
  for (let r = 0; r < reps + 1; r++) for (const c of cs) {
    if (c.name === 'floor' && runs === 100 && r > 1) continue
    const w0 = await wal(); const t = await c.run(runs, bytes); const w1 = await wal()
    if (r === 0) continue
    const o = (out[c.name] ??= { t: [], p: [], w: [] }); o.t.push(t.totalMs); o.p.push(med(t.batchMs)); o.w.push((w1 - w0) / runs / 120)
  }
  console.log('runs', runs, 'bytes', bytes)
  for (const [n, o] of Object.entries(out)) console.log(' ', n.padEnd(8), 'total ms', med(o.t).toFixed(1), 'p50', med(o.p).toFixed(3), 'batches/s', (120 * runs / med(o.t) * 1000).toFixed(0), 'WAL', med(o.w).toFixed(0))
}
await troupe.close(); await sql.end(); await one.end()
