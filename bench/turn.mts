import { GroupCommit } from '../src/persistence/groupCommit.ts'
import { openTroupe } from '../src/troupe.ts'
import { planOf } from './ours.ts'
const orig = (GroupCommit.prototype as any).append
const times: number[] = [], gaps: number[] = []
let lastEnd = 0
const patch = (gc: any) => {}
;(GroupCommit.prototype as any).append = function (run: any, facts: any) {
  const t = (this as any).__patched
  return orig.call(this, run, facts)
}
import * as store from '../src/persistence/postgresStore.ts'
const troupe = await openTroupe({ database: process.env.URL })
;(globalThis as any).__flush = (start: number, end: number, n: number) => { if (lastEnd) gaps.push(start - lastEnd); times.push(end - start); lastEnd = end }
for (let i = 0; i < 100; i++) { const run = await troupe.start(planOf(1000) as never, { id: 'tu-' + Date.now() + i }); await run.result() }
const med = (a: number[]) => a.sort((x, y) => x - y)[a.length >> 1]
console.log('flush p50', med(times)?.toFixed(3), 'node gap p50', med(gaps)?.toFixed(3), 'flushes/run', times.length / 100)
await troupe.close()
