import { openTroupe } from '../src/troupe.ts'
import { planOf } from './ours.ts'
import { steps, marks } from './skill.ts'
const troupe = await openTroupe({ database: process.env.URL })
for (let i = 0; i < 150; i++) {
  marks.length = 0
  const t0 = performance.now()
  const run = await troupe.start(planOf(1000) as never, { id: 'ph-' + Date.now() + i })
  const t1 = performance.now()
  await run.result()
  const t2 = performance.now()
  if (i > 145) console.log('start', (t1 - t0).toFixed(1), 'first call', (marks[0]! - t0).toFixed(1), 'last call', (marks.at(-1)! - t0).toFixed(1), 'result', (t2 - t0).toFixed(1))
}
await troupe.close()
