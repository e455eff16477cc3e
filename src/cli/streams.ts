import type { Writable } from 'node:stream'

/** One of the two streams of this process. What is written to a broken one is dropped, and never an error of whoever writes. */
export interface Sink {
  readonly stream: Writable & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'bytesWritten'>>
  /** Why nothing can be written to it any more. */
  readonly broken: NodeJS.ErrnoException | undefined
  /** Resolves when it may be followed by more: at once, or as soon as a slow reader has caught up. */
  write(text: string): Promise<void>
  /** Resolves when all is written, or lost. */
  flushed(): Promise<void>
  /** Called once, when it breaks. */
  onBroken(listener: (error: NodeJS.ErrnoException) => void): void
}

export function sinkOf(stream: Sink['stream']): Sink {
  let broken: NodeJS.ErrnoException | undefined
  const listeners: ((error: NodeJS.ErrnoException) => void)[] = []
  const gone = Promise.withResolvers<void>()
  const breakOff = (error: NodeJS.ErrnoException) => {
    if (broken) return
    broken = error
    gone.resolve()
    for (const listener of listeners) listener(error)
  }
  stream.on('error', breakOff)
  stream.once('close', () => breakOff(Object.assign(new Error('it is closed'), { code: 'EPIPE' })))
  const written = (text: string) => Promise.race([gone.promise, new Promise<void>((resolve) => void stream.write(text, () => resolve()))])
  return {
    stream,
    get broken() {
      return broken
    },
    async write(text) {
      if (broken || stream.destroyed) return
      const drained = stream.writableNeedDrain
      if (!stream.write(text) || drained) await Promise.race([gone.promise, new Promise((resolve) => void stream.once('drain', resolve))])
    },
    flushed: () => (broken || stream.destroyed ? Promise.resolve() : written('')),
    onBroken: (listener) => void listeners.push(listener),
  }
}

/** A reader who has had enough is no fault: `troupe list | head`. */
export const isReaderGone = ({ code = '' }: NodeJS.ErrnoException) => ['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET'].includes(code)

let ours: { out: Sink; err: Sink } | undefined

/** Standard output and standard error, as this program alone writes to them. */
export function streams(): { out: Sink; err: Sink } {
  ours ??= { out: sinkOf(process.stdout), err: sinkOf(process.stderr) }
  return ours
}

/**
 * Keeps standard output for this program: what plans, skills and libraries write to `process.stdout`, by `console.log` or otherwise, goes to
 * standard error from now on.
 */
export function keepStdout(): void {
  streams()
  Object.defineProperty(process, 'stdout', { configurable: true, enumerable: true, get: () => process.stderr })
}
