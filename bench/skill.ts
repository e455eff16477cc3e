import { appendFileSync } from 'node:fs'
import { resultsOf } from './workload.ts'

interface Context {
  run: string
  scenario: string
  batch: number
  params: { bytes?: number; callsFile?: string; waitsFor?: string }
}

/** One call as it began, in ms of `performance.now`. */
export interface Call {
  run: string
  scenario: string
  batch: number
  at: number
}

export const calls: Call[] = []

/** A no-op, so that the time that is left is ours. `waitsFor`: the scenario that never answers. `callsFile`: where another process looks. */
export default async function skill(items: unknown[], { run, scenario, batch, params }: Context) {
  calls.push({ run, scenario, batch, at: performance.now() })
  if (params.callsFile) appendFileSync(params.callsFile, `${Date.now()}\n`)
  if (params.waitsFor === scenario) await new Promise(() => {})
  return params.bytes ? resultsOf(params.bytes) : items.map(() => null)
}

/** From the start of one batch of a lane to the start of its next, which is when the first is durable, ms. */
export function steps(): number[] {
  const last = new Map<string, number>()
  const found: number[] = []
  for (const { run, scenario, at } of calls) {
    const lane = `${run}/${scenario}`
    const before = last.get(lane)
    if (before !== undefined) found.push(at - before)
    last.set(lane, at)
  }
  return found
}
