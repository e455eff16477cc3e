import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { inject, onTestFinished } from 'vitest'
import { startEmbedded } from '../../src/persistence/embedded.ts'
import { readPostmaster } from '../../src/persistence/embedded/postmaster.ts'
import { copyCluster } from '../support/cluster.ts'
import { until } from '../support/until.ts'
import { childrenOf, killIfThere } from '../support/processes.ts'
import { isAlive } from './harness.ts'

/** A PostgreSQL for one test, which may be killed. */
export async function ownServer() {
  const root = mkdtempSync(join(tmpdir(), 'server-'))
  const directory = join(root, '.troupe')
  await copyCluster(directory)
  const server = await startEmbedded({ directory })
  const { host, port, user } = server.connection
  const query = postgres({ ...server.connection, connection: { application_name: 'test' }, max: 2, onnotice() {} })
  onTestFinished(async () => {
    await query.end({ timeout: 1 })
    await server.release()
    rmSync(root, { recursive: true, force: true })
  })
  const postmaster = async () => (await readPostmaster(server.dataDirectory))!.pid
  return {
    directory,
    url: `postgres://${user}@localhost:${port}/postgres?host=${encodeURIComponent(host)}`,
    query,
    /** `kill -9` of all its processes at once, as when the power fails. */
    async crash() {
      const pid = await postmaster()
      const processes = [pid, ...childrenOf(pid)]
      for (const each of processes) killIfThere(each)
      await until('all of PostgreSQL is gone', () => !processes.some(isAlive))
    },
    /** What `pg_ctl stop -m immediate` does. */
    async stopImmediately() {
      const pid = await postmaster()
      process.kill(pid, 'SIGQUIT')
      await until('PostgreSQL has stopped', () => !isAlive(pid))
    },
    revive: () => server.revive(),
  }
}

/** What the server says of a flush. */
const STORED = /INSERT 0 [1-9]|SELECT 1\0/

/** A line to the suite's server that can be made deaf: what is asked gets through, what is answered does not. */
export async function deafLine(url: string) {
  const { host, port } = inject('server')
  const lines = new Set<{ from: Socket; to: Socket }>()
  let deaf = false
  let deafFromNextFlush = false
  const server = createServer((from) => {
    const to = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
    const line = { from, to }
    lines.add(line)
    const cut = () => {
      lines.delete(line)
      from.destroy()
      to.destroy()
    }
    from
      .on('data', (data) => to.write(data))
      .on('close', cut)
      .on('error', cut)
    to.on('data', (data) => {
      if (deafFromNextFlush && STORED.test(data.toString('latin1'))) deaf = true
      if (!deaf) from.write(data)
    })
    to.on('close', cut).on('error', cut)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const { from } of lines) from.destroy()
    server.close()
  })
  const through = new URL(url)
  through.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  through.search = ''
  return {
    url: through.href,
    turnDeaf() {
      deaf = true
    },
    /** Nothing is heard any more from where the server says that it has stored something. */
    turnDeafAtNextFlush() {
      deafFromNextFlush = true
    },
    isDeaf: () => deaf,
    /** Ends every connection, and accepts no more. */
    goAway() {
      server.close()
      for (const { from } of lines) from.destroy()
    },
    /** How many connections there are. */
    open: () => lines.size,
    /** Ends every connection; the next ones hear again, or `stayDeaf`. */
    cut({ stayDeaf = false } = {}) {
      deafFromNextFlush = false
      deaf = stayDeaf
      for (const { from } of lines) from.destroy()
    },
  }
}
