const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export const INTERRUPTED = 130

export interface Interruption extends Disposable {
  readonly happened: boolean
}

/** The first signal stops gracefully, the second at once. Until it is disposed of, no signal ends the process by itself. */
export function onInterrupt(stop: () => void): Interruption {
  let happened = false
  const hear = () => {
    if (happened) process.exit(INTERRUPTED)
    happened = true
    stop()
  }
  for (const signal of SIGNALS) process.on(signal, hear)
  return {
    get happened() {
      return happened
    },
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, hear)
    },
  }
}
