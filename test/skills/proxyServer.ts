import { readFileSync } from 'node:fs'
import { createServer, request, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { onTestFinished, vi } from 'vitest'
import { until } from '../support/until.ts'
import { fixture } from './host.ts'

/** A server on loopback whose connections end with the test. */
async function listen(server: Server) {
  const open = new Set<Socket>()
  let accepted = 0
  server.on('connection', (socket: Socket) => {
    accepted++
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of open) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { port, accepted: () => accepted, open: () => open.size, empty: () => until('no connection is left', () => open.size === 0) }
}

/** Has a certificate for `scores.example` of its own, which counts in this test. `names`: what clients asked for by. */
function createSecurely(answer: RequestListener = () => {}) {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
  const pem = readFileSync(fixture('scoresExample.pem'))
  const names: unknown[] = []
  const server = createHttps({ key: pem, cert: pem }, answer)
  server.on('secureConnection', (socket) => names.push(socket.servername))
  server.on('tlsClientError', () => {})
  return { server, names }
}

/** A service of https. Without `answer` it says nothing. */
export async function serveSecurely(answer?: RequestListener) {
  const { server, names } = createSecurely(answer)
  return { ...(await listen(server)), names }
}

/** A proxy that does as told with who asks for a tunnel. */
export async function serveTunnels(onConnect: (socket: Socket, number: number) => unknown) {
  const server = createServer()
  let asked = 0
  server.on('connect', (_incoming: IncomingMessage, socket: Socket) => {
    // Unread, it would not be seen to end; and a server of HTTP leaves its own half open.
    socket.resume().on('end', () => socket.end())
    onConnect(socket, asked++)
  })
  return { ...(await listen(server)), asked: () => asked }
}

interface ProxyOptions {
  /** Answers everybody with this status. */
  refuse?: number
  /** Is spoken to by TLS. */
  secure?: boolean
}

/** A proxy that leads every name to one port of this machine, and writes down what it was asked. */
export async function serveProxy(to: number, { refuse, secure = false }: ProxyOptions = {}) {
  const asked: string[] = []
  const heads: IncomingMessage['headers'][] = []
  const { server, names } = secure ? createSecurely() : { server: createServer(), names: [] }
  server.on('request', (incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`)
    heads.push(incoming.headers)
    if (refuse !== undefined) return response.writeHead(refuse).end(JSON.stringify(incoming.headers))
    const { pathname, search } = new URL(incoming.url!)
    const { method, headers } = incoming
    const onward = request({ port: to, host: '127.0.0.1', method, path: pathname + search, headers }, (answer) =>
      answer.pipe(response.writeHead(answer.statusCode!, answer.headers)),
    )
    onward.on('error', () => response.destroy())
    return incoming.pipe(onward)
  })
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    asked.push(`CONNECT ${incoming.url}`)
    heads.push(incoming.headers)
    socket.on('error', () => {})
    if (refuse !== undefined) {
      const more = refuse === 503 ? 'Retry-After: 7\r\n' : ''
      return socket.end(`HTTP/1.1 ${refuse} No\r\n${more}\r\n${JSON.stringify(incoming.headers)}`)
    }
    const onward = connect(to, '127.0.0.1', () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'))
    onward.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.on('close', () => onward.destroy())
    return socket.pipe(onward).pipe(socket)
  })
  return { ...(await listen(server)), asked, heads, names }
}
