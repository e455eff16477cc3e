import type { Address } from '../persistence/connection.ts'
import { addressOfUrl } from '../persistence/databaseUrl.ts'
import type { EmbeddedServer } from '../persistence/embedded.ts'
import type { Survey } from '../persistence/survey.ts'
import { databaseOf, directoryOf, type DatabaseOptions } from './database.ts'

/** `absent`: it would be made by the first run. `memory` is always there, and empty. */
export interface DatabaseStatus {
  /** Without its password. */
  database: string
  state: 'absent' | 'stopped' | 'running'
  /** Of the embedded one. */
  dataDirectory: string | null
  /** Where it runs. */
  survey: Survey | null
}

/** What there is, without making or starting anything. @throws {DatabaseUnreachableError} */
export async function databaseStatus(options: DatabaseOptions = {}): Promise<DatabaseStatus> {
  const database = databaseOf(options)
  if (database === 'memory') return { database, state: 'running', dataDirectory: null, survey: null }
  const { surveyDatabase } = await import('../persistence/survey.ts')
  if (database !== 'embedded') {
    const address = addressOfUrl(database)
    return { database: address.shown, state: 'running', dataDirectory: null, survey: await surveyDatabase(address) }
  }
  const { embeddedStatus } = await import('../persistence/embedded.ts')
  const { state, dataDirectory } = await embeddedStatus(directoryOf(options))
  if (state !== 'running') return { database, state, dataDirectory, survey: null }
  // Without entering: the last one out would stop it.
  const { findHome } = await import('../persistence/embedded/home.ts')
  const { reach } = await import('../persistence/embedded/address.ts')
  const server = await reach(await findHome(directoryOf(options)))
  return { database, state, dataDirectory, survey: server ? await surveyDatabase(addressOfServer({ ...server, dataDirectory })) : null }
}

/** Starts the embedded PostgreSQL, and keeps it running until `stopDatabase`. @returns what `psql` needs to connect. */
export async function startDatabase(options: DatabaseOptions = {}): Promise<{ connection: string; dataDirectory: string }> {
  const { keepEmbedded } = await import('../persistence/embedded.ts')
  const { connection, dataDirectory, release } = await enter(options)
  await keepEmbedded(directoryOf(options))
  await release()
  const { host, port, user, database } = connection
  return { connection: `host=${host} port=${port} user=${user} dbname=${database}`, dataDirectory }
}

/** Stops the embedded PostgreSQL, whoever uses it. False if none was running. */
export async function stopDatabase(options: DatabaseOptions = {}): Promise<boolean> {
  const { stopEmbedded } = await import('../persistence/embedded.ts')
  const { onWait, signal } = options
  return stopEmbedded(directoryOf(options), { onWait, signal })
}

/** Brings the schema up to date; makes and starts the embedded PostgreSQL where that is wanted. @throws {SchemaTooNewError} {@link MigrationError} */
export async function migrateDatabase(options: DatabaseOptions = {}): Promise<{ from: number; to: number }> {
  const { migrateDatabase: migrate } = await import('../persistence/survey.ts')
  const database = databaseOf(options)
  const { onWait, signal } = options
  if (database !== 'embedded') return migrate(addressOfUrl(database), { onWait, signal })
  const server = await enter(options)
  try {
    return await migrate(addressOfServer(server), { onWait, signal })
  } finally {
    await server.release()
  }
}

async function enter(options: DatabaseOptions): Promise<EmbeddedServer> {
  const { startEmbedded } = await import('../persistence/embedded.ts')
  const { onWait, signal } = options
  return startEmbedded({ directory: directoryOf(options), onWait, signal })
}

const addressOfServer = ({ connection, dataDirectory }: Pick<EmbeddedServer, 'connection' | 'dataDirectory'>): Address => ({
  shown: `the embedded PostgreSQL in ${dataDirectory}`,
  options: connection,
})
