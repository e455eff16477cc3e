import { request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type buildConnector, errors } from 'undici'
import { HttpStatusError, ProxyConnectionError } from '../errors.ts'
import { shownProxy, type Proxy } from './proxies.ts'

/** Connects, and returns the socket at once, as undici's connectors do, although their type does not say so. */
export type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => Socket

/** undici waits as long for a connection. */
const TIMEOUT_MS = 10_000

/** Connects to a proxy, whatever host is asked for. */
export function connectTo(proxy: Proxy, connect: Connect): Connect {
  const { hostname, port, protocol } = new URL(proxy.origin)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return (_options, callback) =>
    connect({ hostname: host, host: hostname, port, protocol }, (...[error, socket]) =>
      error ? callback(new ProxyConnectionError(shownProxy(proxy), error), null) : callback(null, socket),
    )
}

/** Connects to services of https through tunnels of a proxy. @param connect Hands over each socket as it is made. */
export function tunnelThrough(proxy: Proxy, connect: Connect): Connect {
  const toProxy = connectTo(proxy, connect)
  return (options, callback) => {
    const target = `${options.hostname.includes(':') ? `[${options.hostname}]` : options.hostname}:${options.port || 443}`
    const socket = toProxy(options, (...[error]) => {
      if (error) return callback(error, null)
      askFor(target, socket, proxy).then(
        () => connect({ ...options, httpSocket: socket }, callback),
        (refusal: Error) => {
          socket.destroy()
          callback(refusal, null)
        },
      )
    })
    return socket
  }
}

/**
 * Asks a proxy for a tunnel.
 *
 * @throws {HttpStatusError} if it refuses: its status says whether another attempt makes sense.
 * @throws {ProxyConnectionError} if it hangs up or does not answer.
 */
async function askFor(target: string, socket: Socket, proxy: Proxy): Promise<void> {
  const headers = { host: target, ...(proxy.authorization !== undefined && { 'proxy-authorization': proxy.authorization }) }
  const asked = request({ method: 'CONNECT', path: target, headers, createConnection: () => socket, timeout: TIMEOUT_MS })
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('connect', (response, _socket, head) => {
      if (head.length > 0) socket.unshift(head)
      resolve(response)
    })
    asked.on('timeout', () => asked.destroy(new errors.ConnectTimeoutError(`no answer within ${TIMEOUT_MS} ms`)))
    asked.on('error', (error) => reject(new ProxyConnectionError(shownProxy(proxy), error)))
    asked.end()
  })
  socket.setTimeout(0)
  const status = answer.statusCode!
  if (status >= 200 && status <= 299) return
  const retryAfter = answer.headers['retry-after']
  const kept: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
  throw new HttpStatusError(`CONNECT ${target} through ${shownProxy(proxy)}`, { status, headers: kept }, '', refused(target, proxy))
}

const refused = (target: string, { name }: Proxy) =>
  `Ask those who run the proxy to allow ${target}, or name the host in NO_PROXY if it can be reached without it; ${name} names the proxy`
