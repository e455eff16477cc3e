import { codeOf, classifyDatabaseError, connect, type Address } from './connection.ts'

/** It answers, and has no connection left for us. */
const NO_CONNECTION_LEFT = '53300'

/** Whether the database answers a new connection within that time. The signal ends the wait. */
export async function answers(address: Address, withinMs: number, signal: AbortSignal): Promise<boolean> {
  const sql = connect(address)
  const silent = Promise.withResolvers<false>()
  const giveUp = () => silent.resolve(false)
  const timer = setTimeout(giveUp, withinMs)
  signal.addEventListener('abort', giveUp)
  try {
    const asked = sql`select 1`.then(
      () => true,
      (error: unknown) => codeOf(error) === NO_CONNECTION_LEFT || classifyDatabaseError(error) !== 'connection',
    )
    return await Promise.race([asked, silent.promise])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
    await sql.end({ timeout: 0 })
  }
}
