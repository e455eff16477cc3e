import { onTestFinished } from 'vitest'

const PAUSE_MS = 5

/**
 * Polls until it holds, however long this takes: how fast a machine is says nothing about what is tested. What never comes about
 * ends with the time-out of its test, and is told then.
 */
export async function until<T>(what: string, condition: () => T | Promise<T>): Promise<NonNullable<Exclude<T, false>>> {
  let isOver = false
  let isWaiting = true
  whenTestFinished(() => {
    isOver = true
    if (isWaiting) console.error(`Waited in vain until ${what}`)
  })
  try {
    for (;;) {
      const found = await condition()
      if (found) return found as NonNullable<Exclude<T, false>>
      if (isOver) throw new Error(`Waited in vain until ${what}`)
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  } finally {
    isWaiting = false
  }
}

/** In a hook there is no test whose end could be heard: what waits there ends with the hook's own time-out. */
function whenTestFinished(then: () => void) {
  try {
    onTestFinished(then)
  } catch {
    // Not within a test.
  }
}
