import { fileURLToPath } from 'node:url'
import type { Troupe } from '../src/troupe.ts'
import { steps } from './skill.ts'
import { BARRIERS, type Contender } from './workload.ts'

const module = fileURLToPath(new URL('./skill.ts', import.meta.url))

export const planOf = (bytes: number) =>
  ({
    name: 'bench',
    skill: { kind: 'function', module, isolation: 'inline', params: { bytes } },
    sync: { mode: 'milestone', at: BARRIERS },
  }) as const

/** The same work as a run of Troupe: actors, fencing, events, checkpoints, report. */
export const troupeContender = (troupe: Troupe): Contender => ({
  name: 'troupe',
  async run(count, bytes) {
    steps.length = 0
    const started = performance.now()
    const one = async () => {
      const run = await troupe.start(planOf(bytes) as never, { forceNew: true })
      await run.result()
    }
    await Promise.all(Array.from({ length: count }, one))
    return { totalMs: performance.now() - started, batchMs: [...steps] }
  },
})
