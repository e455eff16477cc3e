import type { Sql } from 'postgres'
import { BARRIERS, barrier, resultsOf, SCENARIOS, type Contender } from './workload.ts'

interface Row {
  run: string
  scenario: string
  batch: number
  result: string[]
}

export async function createTable(sql: Sql) {
  await sql`create table bench_batches (run text, scenario text, batch int, result jsonb, primary key (run, scenario, batch))`
}

/** A bare INSERT of the result per batch: what durability costs at the least, one batch at a time. */
export const floor = (sql: Sql): Contender =>
  byHand('floor', async ({ run, scenario, batch, result }) => {
    await sql`insert into bench_batches (run, scenario, batch, result) values (${run}, ${scenario}, ${batch}, ${result})`
  })

/** One multi-row INSERT for all that arrived during the previous commit: the limit for any number of runs at once. */
export function grouped(sql: Sql): Contender {
  let waiting: { row: Row; done: () => void }[] = []
  let flushing = false
  const flush = async () => {
    flushing = true
    while (waiting.length > 0) {
      const now = waiting.splice(0, 1_000)
      await sql`insert into bench_batches ${sql(now.map(({ row }) => row) as never)}`
      for (const { done } of now) done()
    }
    flushing = false
  }
  return byHand(
    'grouped',
    (row) =>
      new Promise<void>((done) => {
        waiting.push({ row, done })
        if (!flushing) {
          flushing = true
          setImmediate(() => void flush())
        }
      }),
  )
}

let runs = 0

function byHand(name: string, store: (row: Row) => Promise<void>): Contender {
  const skill = async (bytes: number) => resultsOf(bytes)
  const one = async (bytes: number, batchMs: number[]) => {
    const run = `${name}-${(runs++).toString(36).padStart(8, '0')}`
    const arrive = BARRIERS.map(() => barrier(Object.keys(SCENARIOS).length))
    await Promise.all(
      Object.entries(SCENARIOS).map(async ([scenario, batches]) => {
        let passed = 0
        for (let batch = 0; batch < batches; batch++) {
          while (passed < BARRIERS.length && batch * 100 >= BARRIERS[passed]! * batches) await arrive[passed++]!()
          const started = performance.now()
          await store({ run, scenario, batch, result: await skill(bytes) })
          batchMs.push(performance.now() - started)
        }
      }),
    )
  }
  return {
    name,
    async run(count, bytes) {
      const batchMs: number[] = []
      const started = performance.now()
      await Promise.all(Array.from({ length: count }, () => one(bytes, batchMs)))
      return { totalMs: performance.now() - started, batchMs }
    },
  }
}
