import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { buildConnector, type Dispatcher } from 'undici'
import { SkillClosedError } from '../errors.ts'
import { readBeforeFailing } from './earlyAnswer.ts'
import { HttpRoute } from './httpRoute.ts'
import type { Proxy } from './proxies.ts'
import { connectTo, tunnelThrough, type Connect } from './proxyTunnel.ts'

/** What is sent, ready to be sent. */
export interface HttpRequest {
  method: string
  url: URL
  /** By lower-case name. */
  headers: Record<string, string>
  body: string | Uint8Array | null
  /** `undefined`: the service is asked directly. */
  proxy: Proxy | undefined
}

/** The head of an answer, and its body, to be read. */
export type Answer = Dispatcher.ResponseData

/** Connections of one skill, kept alive between its requests, as many as there are requests at once. */
export class HttpClient {
  readonly #sockets = new Set<Socket>()
  readonly #connect: Connect
  readonly #direct: HttpRoute
  readonly #proxied = new Map<string, HttpRoute>()
  #closed = false

  constructor() {
    // An agent forgets a socket that is not connected yet: nothing else could end it.
    const connect = buildConnector({}) as Connect
    this.#connect = (options, callback) => this.#keep(readBeforeFailing(connect(options, callback)))
    this.#direct = new HttpRoute(this.#connect)
  }

  /**
   * One request, and what `read` makes of its answer; redirects are not followed. An abort destroys its connection.
   * @throws what `read` throws, `SkillClosedError`, `ProxyConnectionError`, `HttpStatusError` of a proxy that refuses, the signal's reason, or the error of
   * undici or of the system.
   */
  async exchange<T>(request: HttpRequest, signal: AbortSignal, read: (answer: Answer) => Promise<T>): Promise<T> {
    try {
      return await read(await this.#send(request, signal))
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
    const destroyed = [this.#direct, ...this.#proxied.values()].map((route) => route.destroy())
    const gone = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of this.#sockets) socket.destroy(new Error('The skill was closed'))
    await Promise.all([...destroyed, ...gone])
  }

  #send({ url, proxy, ...request }: HttpRequest, signal: AbortSignal): Promise<Answer> {
    const path = url.pathname + url.search
    const direct = { ...request, origin: url.origin, path }
    if (proxy === undefined) return this.#direct.request(direct, signal)
    const route = this.#routeBy(proxy, url.protocol === 'https:' ? 'tunnel' : 'plain')
    if (url.protocol === 'https:') return route.request(direct, signal)
    // A proxy is told the whole address, and passes the request on.
    const authorization = proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }
    const headers = { host: url.host, ...authorization, ...request.headers }
    return route.request({ ...direct, headers, origin: proxy.origin, path: url.origin + path }, signal)
  }

  #routeBy(proxy: Proxy, kind: 'plain' | 'tunnel'): HttpRoute {
    const key = JSON.stringify([kind, proxy])
    const way = kind === 'tunnel' ? tunnelThrough : connectTo
    const route = this.#proxied.get(key) ?? new HttpRoute(this.#connect, (connect) => way(proxy, connect))
    this.#proxied.set(key, route)
    return route
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // By this code undici takes an aborted request for one that waits: it would connect anew for nothing.
      if (error.code === 'UND_ERR_INFO' && error.message === 'aborted') error.code = 'UND_ERR_ABORTED'
    })
    if (this.#closed) socket.destroy(new Error('The skill was closed'))
    return socket
  }
}
