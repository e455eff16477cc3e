import type { Troupe } from '../index.ts'
import { RunNotFoundError } from '../errors.ts'
import type { Common } from './invocation.ts'
import { INTERRUPTED, onInterrupt } from './interrupt.ts'

/** Opens the database for a command that only looks or tells; a signal closes it in order. */
export async function withTroupe(options: Common, work: (troupe: Troupe) => Promise<number | void>): Promise<number | void> {
  const { openTroupe } = await import('../index.ts')
  let open: Troupe | undefined
  using interruption = onInterrupt(() => void open?.close())
  await using troupe = await openTroupe({
    database: options.database,
    onWait: (line) => void (options.quiet || process.stderr.write(`${line}\n`)),
  })
  open = troupe
  if (interruption.happened) return INTERRUPTED
  try {
    return await work(troupe)
  } catch (error) {
    if (interruption.happened) return INTERRUPTED
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
