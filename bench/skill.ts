import { resultsOf } from './workload.ts'

/** Steps of each lane, in ms: from the start of one batch to the start of the next, which is when the first is durable. */
export const steps: number[] = []
export const marks: number[] = []
const last = new Map<string, number>()

/** A no-op: the time that is left is ours. */
export default async function skill(_items: unknown[], context: { run: string; scenario: string; batch: number; params: Record<string, unknown> }) {
  const now = performance.now()
  marks.push(now)
  const lane = `${context.run}/${context.scenario}`
  const before = last.get(lane)
  if (before !== undefined) steps.push(now - before)
  last.set(lane, now)
  return resultsOf(context.params.bytes as number)
}
