import type { Troupe } from '../index.ts'
import { RunNotFoundError } from '../errors.ts'
import type { Common } from './invocation.ts'
import { INTERRUPTED, interruption, onInterrupt } from './interrupt.ts'
import { streams } from './streams.ts'
import { printable } from '../printable.ts'

/** How long a command that only looks may take to leave, ms. */
const STOP_MS = 4_000

/** Opens the database for a command that only looks or tells; a signal closes it in order. */
export async function withTroupe(options: Common, work: (troupe: Troupe) => Promise<number | void>): Promise<number | void> {
  const { openTroupe } = await import('../index.ts')
  let open: Troupe | undefined
  const stopped = Promise.withResolvers<number>()
  using _interrupt = onInterrupt(() => {
    stopped.resolve(INTERRUPTED)
    setTimeout(() => process.exit(INTERRUPTED), STOP_MS).unref()
    void open?.close().catch(() => {})
  })
  try {
    await using troupe = await openTroupe({
      database: options.database,
      onWait: (line) => void (options.quiet || streams().err.write(`${printable(line)}\n`)),
      signal: interruption,
    })
    open = troupe
    if (interruption.aborted) return INTERRUPTED
    return await Promise.race([work(troupe), stopped.promise])
  } catch (error) {
    if (interruption.aborted) return INTERRUPTED
    throw error
  }
}

/** As `withTroupe`, for a command about a run that must be there. @throws {RunNotFoundError} */
export async function withStored(options: Common, run: string, work: (troupe: Troupe) => Promise<number | void>): Promise<number | void> {
  await ensureStored(options, run)
  return withTroupe(options, work)
}

/** No database is made to find out that it is empty. @throws {RunNotFoundError} */
export async function ensureStored(options: Common, run: string): Promise<void> {
  if (await isAbsent(options)) throw new RunNotFoundError(run)
}

/** Nothing has ever run here. */
export async function isAbsent({ database }: Common): Promise<boolean> {
  const { databaseStatus } = await import('../index.ts')
  const named = database ?? process.env.TROUPE_DATABASE_URL ?? process.env.DATABASE_URL ?? 'embedded'
  return named === 'embedded' && (await databaseStatus({ database: named })).state === 'absent'
}
