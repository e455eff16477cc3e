// Loads nothing: it is the first of all that is loaded, so that a signal in the first moments is heard.

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export const INTERRUPTED = 130

const controller = new AbortController()
const stops = new Set<() => void>()

/** Aborted by the first SIGINT or SIGTERM. */
export const interruption: AbortSignal = controller.signal

/** From now on no signal ends the process by itself: the first stops gracefully, the second at once. */
export function hearSignals(): void {
  for (const signal of SIGNALS) process.on(signal, hear)
}

function hear() {
  if (interruption.aborted) process.exit(INTERRUPTED)
  controller.abort(new DOMException('Interrupted by a signal', 'AbortError'))
  for (const stop of stops) stop()
}

/** While it is not disposed of, the first signal calls `stop`, and the process lives until the command has ended; else a signal ends it at once. */
export function onInterrupt(stop: () => void): Disposable {
  stops.add(stop)
  return { [Symbol.dispose]: () => void stops.delete(stop) }
}

/** Resolves at the first signal that no command is there to obey. */
export function unattended(): Promise<void> {
  return new Promise((resolve) => {
    interruption.addEventListener('abort', () => stops.size === 0 && resolve(), { once: true })
  })
}
