import type { Unwritten } from './unwritten.ts'

/** The way to a database that may be away, or say nothing. */
export interface Link {
  /** Whether the database answers a new connection within that time. The signal ends the wait. */
  answers(withinMs: number, signal: AbortSignal): Promise<boolean>
  /** Gives up everything that waits for the database: it rejects, and so does all that comes after. */
  cut(): void
  /** What was given up, by run. */
  unwritten(): Unwritten[]
}
