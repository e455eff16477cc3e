import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { SkillClosedError } from '../errors.ts'
import { readBeforeFailing } from './earlyAnswer.ts'

/** What is sent, ready to be sent. */
export interface HttpRequest {
  method: string
  url: URL
  /** By lower-case name. */
  headers: Record<string, string>
  body: string | Uint8Array | null
}

/** The head of an answer, and its body, to be read. */
export type Answer = Dispatcher.ResponseData

/** Connections of one skill, kept alive between its requests, as many as there are requests at once. */
export class HttpClient {
  readonly #sockets = new Set<Socket>()
  readonly #agent: Agent
  #closed = false

  constructor() {
    // It returns the socket at once, although its type does not say so. An agent forgets one that is not connected yet: nothing else could end it.
    const connect = buildConnector({}) as (...given: Parameters<buildConnector.connector>) => Socket
    this.#agent = new Agent({
      connect: (options, callback) => this.#keep(readBeforeFailing(connect(options, callback))),
      // The batch has a time-out of its own, which may be longer than undici's.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /**
   * One request, and what `read` makes of its answer; redirects are not followed. An abort destroys its connection.
   * @throws what `read` throws, `SkillClosedError`, the signal's reason, or the error of undici or of the system.
   */
  async exchange<T>({ url, ...request }: HttpRequest, signal: AbortSignal, read: (answer: Answer) => Promise<T>): Promise<T> {
    try {
      return await read(await this.#agent.request({ ...request, origin: url.origin, path: url.pathname + url.search, signal }))
    } catch (cause) {
      throw this.#closed ? new SkillClosedError('The batch did not run to its end: its skill was closed', { cause }) : cause
    } finally {
      // undici lets a turn pass before it uses a connection again: asked within it, it opens another one.
      await setImmediate()
    }
  }

  /** Ends what is under way. Resolves when no connection is left. */
  async close(): Promise<void> {
    this.#closed = true
    const destroyed = this.#agent.destroy()
    const gone = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of this.#sockets) socket.destroy(new Error('The skill was closed'))
    await Promise.all([destroyed, ...gone])
  }

  #keep(socket: Socket) {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // By this code undici takes an aborted request for one that waits: it would connect anew for nothing.
      if (error.code === 'UND_ERR_INFO' && error.message === 'aborted') error.code = 'UND_ERR_ABORTED'
    })
    if (this.#closed) socket.destroy(new Error('The skill was closed'))
  }
}
