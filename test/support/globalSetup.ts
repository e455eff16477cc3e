import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { systemClock } from '../../src/clock.ts'
import { addressOfUrl } from '../../src/persistence/databaseUrl.ts'
import { startEmbedded } from '../../src/persistence/embedded.ts'
import { openPostgresStore } from '../../src/persistence/postgresStore.ts'
import { urlOf, type Server } from './server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the one PostgreSQL that all test files share: each makes a database of its own in it. */
    server: Server
    /** A database there, with our schema and nothing in it, to make others of. */
    template: string
    /** A `.troupe` whose server is stopped, with our schema in it, to make others of. */
    cluster: string
  }
}

const TEMPLATE = 'template_troupe'

/** One real PostgreSQL for the whole suite, and what else is made once. */
export default async function setup(project: TestProject) {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-test-'))
  // Processes that tests start compile nothing twice.
  process.env.NODE_COMPILE_CACHE ??= join(directory, 'compiled')
  const cluster = join(directory, 'cluster')
  const [server] = await Promise.all([startEmbedded({ directory }), makeCluster(cluster)])
  project.provide('cluster', cluster)
  const { host, port, user, password } = server.connection
  const shared = { host, port, user, ...(password && { password }) }
  await prepare(shared)
  project.provide('server', shared)
  project.provide('template', TEMPLATE)
  return async () => {
    await server.release()
    // Processes that have just ended may still write there.
    await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }
}

/**
 * No test turns the power off: what is killed is a process, and what it wrote stays with the system. Databases come and go a hundred times faster
 * without a checkpoint that waits for the disk. Servers that are killed, and the product's own, keep `fsync`.
 */
async function prepare(server: Server) {
  const admin = postgres({ ...server, database: 'postgres', max: 1 })
  for (const setting of ['fsync', 'full_page_writes']) await admin.unsafe(`alter system set ${setting} = off`)
  await admin.unsafe('select pg_reload_conf()')
  await admin.unsafe(`create database ${TEMPLATE}`)
  await admin.end()
  await makeSchema(urlOf(server, TEMPLATE))
}

async function makeSchema(url: string) {
  const store = await openPostgresStore({ address: addressOfUrl(url), clock: systemClock, retryForMs: 0 })
  await store.close()
}

async function makeCluster(directory: string) {
  const server = await startEmbedded({ directory })
  const { database, ...address } = server.connection
  await makeSchema(urlOf(address, database))
  await server.release()
}
