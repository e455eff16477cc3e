import { SimulatedClock } from 'xstate'
import { GroupCommit } from '../../src/persistence/groupCommit.ts'
import { waitLines } from '../../src/persistence/waitLines.ts'
import { event } from './contract/facts.ts'
import { FakeDatabase } from './fakeDatabase.ts'

export const FOREVER_MS = 1e9

interface Options {
  retryForMs?: number
  random?: () => number
  gone?: () => string | null
  say?: (line: string) => void
}

/** A group commit over a database that fails as it is told, on a clock that stands still. */
export function openGroupCommit({ retryForMs = FOREVER_MS, random = () => 0, gone = () => null, say }: Options = {}) {
  const database = new FakeDatabase()
  const clock = new SimulatedClock()
  const delays: number[] = []
  const states: string[] = []
  const leaving = new AbortController()
  const journal = new GroupCommit({
    target: database,
    clock: {
      now: () => clock.now(),
      setTimeout(fn, delayMs) {
        delays.push(delayMs)
        return clock.setTimeout(fn, delayMs)
      },
      clearTimeout: (id) => clock.clearTimeout(Number(id)),
    },
    random,
    retryForMs,
    signal: leaving.signal,
    onConnection: (state) => states.push(state),
    sayWaiting: waitLines({ clock, say, gone }),
    gone,
  })
  /** Its first letter is the run. */
  const append = (name: string) => journal.append({ id: name[0]!, epoch: 1 }, [event({ data: { name } })])
  return { database, clock, delays, states, journal, append, leave: () => leaving.abort() }
}

/** One turn of the loop. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

export async function until(condition: () => boolean) {
  while (!condition()) await turn()
}
