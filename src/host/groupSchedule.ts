import type { RandomAt } from '../input/random.ts'

/** When a group was done, and by whom. Times in ms from the start. */
export interface Finished {
  group: number
  worker: number
  startedAt: number
  endedAt: number
  /** It says so again at that time: every message may come twice. */
  againAt: number | null
}

const MEAN_MS = 1_000
const AGAIN = 0.2

/** Workers take groups in turn, each as soon as it is free, and are busy for a random time. In the order in which the groups end. */
export function randomSchedule(groups: number, workers: number, schedule: number, random: RandomAt): Finished[] {
  const freeAt = Array.from({ length: workers }, () => 0)
  const all = Array.from({ length: groups }, (_, group): Finished => {
    const draw = (purpose: number) => random(schedule * groups + group, purpose)
    const startedAt = Math.min(...freeAt)
    const worker = freeAt.indexOf(startedAt)
    // Exponential: what a long queue of independent steps takes, with now and then one that takes far longer.
    const endedAt = startedAt + Math.ceil(-Math.log(1 - draw(0)) * MEAN_MS)
    freeAt[worker] = endedAt
    return { group, worker, startedAt, endedAt, againAt: draw(1) < AGAIN ? endedAt + Math.ceil(draw(2) * MEAN_MS) : null }
  })
  return all.toSorted((a, b) => a.endedAt - b.endedAt)
}

/** One worker, one group after the other, nothing said twice. */
export const orderlySchedule = (groups: number): Finished[] =>
  Array.from({ length: groups }, (_, group) => ({ group, worker: 0, startedAt: group, endedAt: group + 1, againAt: null }))
