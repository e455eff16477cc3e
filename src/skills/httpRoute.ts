import type { Socket } from 'node:net'
import { Agent, type Dispatcher } from 'undici'
import type { Connect } from './proxyTunnel.ts'

/** Connections of one way: to services, to a proxy, or through its tunnels. They are kept alive between requests, as many as there are requests at once. */
export class HttpRoute {
  readonly #agent: Agent
  /** Sockets that no request can use yet. */
  readonly #opening = new Set<Socket>()
  #waiting = 0

  /** @param way Makes a connection, of sockets that it asks `connect` for. */
  constructor(connect: Connect, way: (connect: Connect) => Connect = (directly) => directly) {
    this.#agent = new Agent({
      connect: (options, callback) => {
        const made: Socket[] = []
        const open = way((...given) => this.#begin(connect(...given), made))
        open(options, (...outcome) => {
          for (const socket of made) this.#opening.delete(socket)
          callback(...outcome)
        })
      },
      // The batch has a time-out of its own, which may be longer than undici's.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /** One request, up to the head of its answer. No connection goes on opening when no request waits for one. */
  async request(options: Dispatcher.RequestOptions & { origin: string }, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    this.#waiting++
    try {
      return await orAborted(this.#agent.request({ ...options, signal }), signal)
    } finally {
      this.#waiting--
      // In a turn of its own: undici hears of it before another request can begin to wait for the same connection.
      if (this.#opening.size > 0) setImmediate(() => this.#giveUp())
    }
  }

  destroy(): Promise<void> {
    return this.#agent.destroy()
  }

  #begin(socket: Socket, made: Socket[]): Socket {
    made.push(socket)
    this.#opening.add(socket)
    return socket
  }

  #giveUp() {
    if (this.#waiting > 0) return
    for (const socket of this.#opening) socket.destroy(new Error('No request waits for this connection'))
    this.#opening.clear()
  }
}

/** Rejects with the signal's reason at once: undici hears of an abort no earlier than the connection is open. */
function orAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    void answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
