import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { codeOf } from './codeOf.ts'

const CONNECT_TIMEOUT_MS = 5_000

/** What a server says of itself in `postmaster.pid`. It may have died since. */
export interface Postmaster {
  pid: number
  dataDirectory: string
  port: number
  /** Empty where it listens on no socket. */
  socketDirectory: string
  /** Empty where it listens on no address. */
  address: string
  status: string
}

export async function readPostmaster(dataDirectory: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '')
  const [pid = '', data = '', , port = '', socketDirectory = '', address = '', , status = ''] = text.split('\n').map((line) => line.trim())
  if (!/^[1-9]\d*$/.test(pid)) return undefined
  return { pid: Number(pid), dataDirectory: data, port: Number(port), socketDirectory, address, status }
}

/**
 * Whether the process of that pid is a server of `dataDirectory`: after a crash of the machine the pid may be anybody's, and a
 * copied directory names the server of the original.
 */
export async function isServerOf(dataDirectory: string, pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false
  if (process.platform === 'win32') return true
  if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === dataDirectory
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }))
  return stdout.includes(dataDirectory)
}

/** Whether a server takes connections there. It is not logged as one. */
export function accepts({ socketDirectory, address, port }: Postmaster): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketDirectory ? { path: join(socketDirectory, `.s.PGSQL.${port}`) } : { host: address, port })
    const answer = (accepted: boolean) => {
      socket.destroy()
      resolve(accepted)
    }
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => answer(false))
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
  })
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}
