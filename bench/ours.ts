import { fileURLToPath } from 'node:url'
import type { PlanInput } from '../src/plan.ts'
import type { Troupe } from '../src/troupe.ts'
import { calls, steps } from './skill.ts'
import { BARRIERS, type Contender } from './workload.ts'

const module = fileURLToPath(new URL('./skill.ts', import.meta.url))

export const planOf = (params: Record<string, string | number>, plan: Partial<PlanInput> = {}): PlanInput => ({
  name: 'bench',
  skill: { kind: 'function', module, isolation: 'inline', params },
  sync: { mode: 'milestone', at: BARRIERS },
  ...plan,
})

let runs = 0

/** The same work as runs of Troupe: actors, fencing, events, checkpoints, report. Ids ascend, as those of the others do. */
export const ours = (troupe: Troupe): Contender => ({
  name: 'troupe',
  async run(count, bytes) {
    calls.length = 0
    const started = performance.now()
    const one = async () => {
      const run = await troupe.start(planOf({ bytes }), { id: `troupe-${(runs++).toString(36).padStart(8, '0')}` })
      await run.result()
    }
    await Promise.all(Array.from({ length: count }, one))
    return { totalMs: performance.now() - started, batchMs: steps() }
  },
})
