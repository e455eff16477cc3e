import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Home } from './home.ts'
import { accepts, readPostmaster, type Postmaster } from './postmaster.ts'

/** How processes reach the server: by a socket which only its user and root can open, or, where there are none, by loopback and a password. */
export type Transport = 'socket' | 'loopback'

export const DATABASE_USER = 'troupe'

/** Ready for postgres.js: `postgres({ ...connection })`. */
export interface Connection {
  /** A directory, or an address. */
  host: string
  port: number
  user: string
  password?: string
  database: string
  /** Marks our connections. Others keep the server from being stopped when the last of us leaves. */
  connection: { application_name: string }
}

export const passwordFile = (home: Home) => join(home.directory, 'postgres.password')

/** The server's address, if one is running and ready. */
export async function reach(home: Home): Promise<{ connection: Connection; postmaster: Postmaster } | undefined> {
  const postmaster = await readPostmaster(home.dataDirectory)
  if (!postmaster || postmaster.status !== 'ready' || postmaster.dataDirectory !== home.dataDirectory || !(await accepts(postmaster)))
    return undefined
  const { socketDirectory, address, port } = postmaster
  const password = socketDirectory ? undefined : await readFile(passwordFile(home), 'utf8')
  return {
    postmaster,
    connection: {
      host: socketDirectory || address,
      port,
      user: DATABASE_USER,
      database: 'postgres',
      connection: { application_name: 'troupe' },
      ...(password && { password }),
    },
  }
}

/** A free port of loopback: the same one at every start if possible, so that others find a revived server where it was. */
export async function findPort(dataDirectory: string): Promise<number> {
  const FIRST_PRIVATE_PORT = 49_152
  const wanted = FIRST_PRIVATE_PORT + (createHash('sha256').update(dataDirectory).digest().readUInt16BE() % (65_536 - FIRST_PRIVATE_PORT))
  return (await tryPort(wanted)) ?? (await tryPort(0))!
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}
