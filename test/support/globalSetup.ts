import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startEmbedded } from '../../src/persistence/embedded.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the one PostgreSQL that all test files share: each makes a database of its own in it. */
    server: { host: string; port: number; user: string; password?: string }
  }
}

/** One real PostgreSQL for the whole suite. */
export default async function setup(project: TestProject) {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-test-'))
  const server = await startEmbedded({ directory })
  const { host, port, user, password } = server.connection
  project.provide('server', { host, port, user, ...(password && { password }) })
  return async () => {
    await server.release()
    await rm(directory, { recursive: true, force: true })
  }
}
