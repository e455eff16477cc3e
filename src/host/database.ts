import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { addressOfUrl } from '../persistence/databaseUrl.ts'
import type { Store } from '../persistence/store.ts'
import { during, type Say } from '../waiting.ts'

export interface DatabaseOptions {
  /** `embedded`, `memory`, or a URL. Default: `TROUPE_DATABASE_URL`, `DATABASE_URL`, else `embedded`. */
  database?: string
  /**
   * Where the embedded PostgreSQL keeps its data, and with any other database too the hashes of large input files are kept.
   * Default: `.troupe` in the working directory.
   */
  directory?: string
  /** How long a lost database is waited for, ms. Default: `TROUPE_DATABASE_RETRY_MS`, else 60 000. */
  retryForMs?: number
  /** Told what takes its time before a run begins: the database, the input, the skill, and whoever has them. */
  onWait?: Say
  /** Ends the opening, with its reason, while it waits. */
  signal?: AbortSignal
}

export interface OpenedDatabase {
  store: Store
  /** Without secrets: for messages and reports. */
  shown: string
  /** What lets somebody in: URLs, with a password or without. */
  secrets: readonly string[]
  /** The directory in which the data were, where it is there no more. */
  gone?: () => string | null
  close(): Promise<void>
}

export const databaseOf = ({ database }: DatabaseOptions): string =>
  database ?? process.env.TROUPE_DATABASE_URL ?? process.env.DATABASE_URL ?? 'embedded'

export const directoryOf = ({ directory }: DatabaseOptions): string => directory ?? join(process.cwd(), '.troupe')

/** Opens what the options, or the environment, name; starts the embedded PostgreSQL where it is wanted and not running. */
export async function openDatabase(
  options: DatabaseOptions,
  clock: Clock,
  onConnection: (state: 'lost' | 'back', why?: string) => void,
): Promise<OpenedDatabase> {
  const database = databaseOf(options)
  const { onWait, signal } = options
  const retryForMs = options.retryForMs ?? (Number(process.env.TROUPE_DATABASE_RETRY_MS) || 60_000)
  if (database === 'memory') {
    const { openMemoryStore } = await import('../persistence/memory.ts')
    const store = openMemoryStore({ clock })
    return { store, shown: 'memory', secrets: [], close: () => store.close() }
  }
  const { openPostgresStore } = await import('../persistence/postgresStore.ts')
  if (database !== 'embedded') {
    const address = addressOfUrl(database)
    const opening = () => openPostgresStore({ address, clock, retryForMs, onConnection, onWait, signal })
    const store = await during(onWait, () => `opening the database at ${address.shown}`, opening)
    return { store, shown: address.shown, secrets: [database], close: () => store.close() }
  }
  const { startEmbedded, START_TIMEOUT_MS } = await import('../persistence/embedded.ts')
  const directory = directoryOf(options)
  let doing: string | null = null
  const onStart = (what: 'initializing' | 'starting') => {
    // Once it is being made, that is what takes its time.
    doing ??= what === 'initializing' ? `making the database in ${directory}, the first time only` : `starting the database in ${directory}`
  }
  const server = await during(
    onWait,
    () => doing,
    () => startEmbedded({ directory, onStart, onWait, signal }),
    { limitMs: START_TIMEOUT_MS },
  )
  const address = { shown: `the embedded PostgreSQL in ${server.dataDirectory}`, options: server.connection }
  const gone = () => (server.isGone() ? server.dataDirectory : null)
  try {
    const store = await openPostgresStore({ address, clock, retryForMs, onConnection, onWait, signal, revive: () => server.revive(), gone })
    const close = async () => {
      await store.close()
      await server.release()
    }
    return { store, shown: 'embedded', secrets: [], gone, close }
  } catch (error) {
    await server.release()
    throw error
  }
}
