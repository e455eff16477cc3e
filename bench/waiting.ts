import type { Run } from '../src/run.ts'
import type { Troupe } from '../src/troupe.ts'
import { planOf } from './ours.ts'
import { calls } from './skill.ts'
import { quantile } from './statistics.ts'

const RUNS = 100
const SCENARIOS = 100

/** Resident memory of a process in which 10 000 scenarios wait at the barriers of 100 runs, MB. */
export async function memoryOfWaiting(troupe: Troupe): Promise<number> {
  const names = Array.from({ length: SCENARIOS }, (_, i) => `s${String(i).padStart(3, '0')}`)
  const scenarios = Object.fromEntries(names.map((name) => [name, { size: 20 }]))
  const plan = planOf({ waitsFor: names[0]! }, { scenarios, sync: { mode: 'milestone', at: [50], timeoutMs: 3_600_000 } })
  const runs: Run[] = []
  for (let i = 0; i < RUNS; i++) runs.push(await troupe.start(plan, { id: `waiting-${i}` }))
  const waiting = () =>
    runs.reduce(
      (sum, run) => sum + Object.values(run.actor!.getSnapshot().context.members).filter((m) => m.pausedBy.includes('barrier')).length,
      0,
    )
  while (waiting() < RUNS * (SCENARIOS - 1)) await new Promise((resolve) => setTimeout(resolve, 50))
  const residentMb = process.memoryUsage.rss() / 2 ** 20
  await Promise.all(runs.map((run) => run.cancel()))
  await Promise.all(runs.map((run) => run.result()))
  return residentMb
}

/** From the last call before a barrier to the first call of each waiting lane behind it, durable release in between: p99, ms. */
export async function barrierReleaseP99(troupe: Troupe): Promise<number> {
  calls.length = 0
  const scenarios = { a: { size: 1_000 }, b: { size: 1_000 }, c: { size: 1_000 } }
  const run = await troupe.start(planOf({}, { scenarios, sync: { mode: 'lockstep', stepPct: 1 } }), { forceNew: true })
  await run.result()
  const byBatch = new Map<number, number[]>()
  for (const { batch, at } of calls) byBatch.set(batch, [...(byBatch.get(batch) ?? []), at])
  const releases = [...byBatch.values()].slice(1).map((after, i) => Math.max(...after) - Math.max(...byBatch.get(i)!))
  return quantile(releases, 0.99)
}
