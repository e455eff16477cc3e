import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Where a PostgreSQL is that trusts whoever comes. */
export interface Behind {
  host: string
  port: number
  user: string
}

/** A session of the server, lent to one client after another. */
interface Session {
  socket: Socket
  lentTo: Client | undefined
}

interface Client {
  socket: Socket
  waiting: Buffer[]
  session: Session | undefined
}

const message = (type: string, body: Buffer) => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const AUTHENTICATED = message('R', Buffer.from([0, 0, 0, 0]))
const READY = message('Z', Buffer.from('I'))
const READY_FOR_QUERY = 'Z'.charCodeAt(0)
const IDLE = 'I'.charCodeAt(0)

/**
 * What a pooler with `pool_mode = transaction` does, and no more: a client has a session of the server from its first message to the end of the
 * transaction. `takes`: whether the next in turn is the session that came back last, or the one that came back first.
 */
export async function startPooler(behind: Behind, database: string, { sessions, takes }: { sessions: number; takes: 'last' | 'first' }) {
  const idle: Session[] = []
  const queue: Client[] = []

  const serve = () => {
    while (queue.length > 0 && idle.length > 0) {
      const client = queue.shift()!
      const session = takes === 'last' ? idle.pop()! : idle.shift()!
      session.lentTo = client
      client.session = session
      for (const chunk of client.waiting.splice(0)) session.socket.write(chunk)
    }
  }
  const open = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = behind.host.startsWith('/') ? connect(`${behind.host}/.s.PGSQL.${behind.port}`) : connect(behind.port, behind.host)
      const session: Session = { socket, lentTo: undefined }
      const body = Buffer.from(`user\0${behind.user}\0database\0${database}\0client_encoding\0UTF8\0\0`)
      const head = Buffer.alloc(8)
      head.writeInt32BE(body.length + 8)
      head.writeInt32BE(196_608, 4)
      socket.write(Buffer.concat([head, body]))
      let rest = Buffer.alloc(0)
      socket.on('error', () => {})
      socket.on('data', (chunk: Buffer) => {
        session.lentTo?.socket.write(chunk)
        rest = Buffer.concat([rest, chunk])
        while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
          const length = rest.readInt32BE(1) + 1
          const isFree = rest[0] === READY_FOR_QUERY && rest[5] === IDLE
          rest = rest.subarray(length)
          if (!isFree) continue
          if (session.lentTo) session.lentTo.session = undefined
          session.lentTo = undefined
          idle.push(session)
          resolve()
        }
        serve()
      })
      onTestFinished(() => void socket.destroy())
    })
  for (let n = 0; n < sessions; n++) await open()

  const server = createServer((socket) => {
    const client: Client = { socket, waiting: [], session: undefined }
    let begun = false
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      if (!begun) {
        begun = true
        socket.write(Buffer.concat([AUTHENTICATED, READY]))
      } else if (client.session) client.session.socket.write(chunk)
      // A client that leaves says so; its session stays.
      else if (chunk[0] !== 'X'.charCodeAt(0)) {
        client.waiting.push(chunk)
        queue.push(client)
        serve()
      }
    })
    onTestFinished(() => void socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  return `postgres://${behind.user}@127.0.0.1:${port}/${database}?sslmode=disable`
}
