import type { Clock } from '../clock.ts'

/** After so long a silence people wonder, ms. */
const EVERY_MS = 10_000

/** Begins to say that a database is waited for, until that instant, epoch ms, at most. Dispose of it when the wait is over. */
export type SayWaiting = (until: number) => Disposable

interface Options {
  clock: Clock
  say: ((line: string) => void) | undefined
  /** The directory in which the data were, where it is there no more. */
  gone: () => string | null
}

/** Says each 10 s for how long a database is still waited for: in one line, however many wait for it. */
export function waitLines({ clock, say, gone }: Options): SayWaiting {
  const waits = new Set<{ until: number }>()
  let timer: unknown
  const tell = () => {
    const left = Math.max(...[...waits].map(({ until }) => until)) - clock.now()
    const directory = gone()
    const forHowLong = left > 0 ? `for ${Math.ceil(left / 1_000)} s more at most` : 'for a last attempt'
    say?.(`still waiting for the database, ${forHowLong}${directory === null ? '' : `: the directory ${directory} is gone`}`)
    timer = clock.setTimeout(tell, EVERY_MS)
  }
  return (until) => {
    const wait = { until }
    if (say && waits.add(wait).size === 1) timer = clock.setTimeout(tell, EVERY_MS)
    return {
      [Symbol.dispose]() {
        if (waits.delete(wait) && waits.size === 0) clock.clearTimeout(timer)
      },
    }
  }
}
