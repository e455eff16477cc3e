import { wait, type Clock } from '../clock.ts'
import type { Link } from '../persistence/link.ts'

/** A database that has not answered for so long is taken to be silent, ms. */
const SILENT_MS = 2_000
/** How often it is asked, ms. */
const ASK_MS = 1_000
/** For how long a database that answers may yet keep a close waiting, beyond what the close may take, ms. */
const LAST_MS = 30_000

/**
 * Watches over a close: after `limitMs` the link to a database that is away or silent is cut, so that nothing waits for it any more. A database that
 * answers may finish its work. Dispose of it when the close has ended.
 */
export function watchOver(link: Link | undefined, clock: Clock, limitMs: number): AsyncDisposable {
  const over = new AbortController()
  const watch = async ({ answers, cut }: Link) => {
    const deadline = clock.now() + limitMs
    if (limitMs > SILENT_MS) await wait(clock, limitMs - SILENT_MS, over.signal)
    for (;;) {
      const answered = await answers(SILENT_MS, over.signal)
      over.signal.throwIfAborted()
      const left = deadline - clock.now()
      if (left <= 0 && (!answered || left <= -LAST_MS)) return cut()
      await wait(clock, left > 0 ? Math.min(left, ASK_MS) : ASK_MS, over.signal)
    }
  }
  const watching = link && watch(link).catch(() => {})
  return {
    async [Symbol.asyncDispose]() {
      over.abort()
      await watching
    },
  }
}
