import type { Sql } from 'postgres'
import { median } from './statistics.ts'
import { BATCHES, type Contender } from './workload.ts'

export interface Row {
  name: string
  totalMs: number
  batchP50Ms: number
  batchesPerSecond: number
  walPerBatch: number
  transactionsPerBatch: number
}

/** Every contender in turn, as often as asked, after warm-up rounds of the same: medians. */
export async function contest(
  sql: Sql,
  contenders: readonly Contender[],
  options: { runs: number; bytes: number; rounds: number; warmups: number },
): Promise<Row[]> {
  const taken = new Map(
    contenders.map((c) => [c.name, { total: [] as number[], p50: [] as number[], wal: [] as number[], transactions: [] as number[] }]),
  )
  for (let round = -options.warmups; round < options.rounds; round++) {
    for (const contender of contenders) {
      if (round < 0) {
        await contender.run(options.runs, options.bytes)
        continue
      }
      const before = await counters(sql)
      const { totalMs, batchMs } = await contender.run(options.runs, options.bytes)
      const after = await counters(sql)
      const rows = taken.get(contender.name)!
      const batches = options.runs * BATCHES
      rows.total.push(totalMs)
      rows.p50.push(median(batchMs))
      rows.wal.push((after.wal - before.wal) / batches)
      rows.transactions.push((after.transactions - before.transactions) / batches)
    }
  }
  return contenders.map(({ name }) => {
    const { total, p50, wal, transactions } = taken.get(name)!
    const totalMs = median(total)
    return {
      name,
      totalMs,
      batchP50Ms: median(p50),
      batchesPerSecond: (options.runs * BATCHES * 1_000) / totalMs,
      walPerBatch: median(wal),
      transactionsPerBatch: median(transactions),
    }
  })
}

async function counters(sql: Sql): Promise<{ wal: number; transactions: number }> {
  // What a backend has counted reaches the statistics when it has been idle for a while.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  const [row] = await sql<{ wal: number; transactions: number }[]>`
    select (pg_current_wal_insert_lsn() - '0/0')::float8 as wal, xact_commit::float8 as transactions
    from pg_stat_database where datname = current_database()`
  return row!
}
