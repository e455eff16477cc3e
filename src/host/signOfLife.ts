import type { Holder } from '../persistence/store.ts'

/** An owner says each second that it lives. One that has not for so long may be stopped, or its host asleep, ms. */
const QUIET_MS = 5_000

/** After so long nobody waits for it any more, ms. */
const SILENT_MS = 10_000

/** Whoever has just asked gives it so long to wake up, ms. */
const PATIENCE_MS = 3_000

/** Since when a live process has given no sign of life; `null`: it has lately. By the database's clock alone. */
export function silentSince({ owner, now }: Holder): number | null {
  return owner !== null && now - owner.seenAt >= QUIET_MS ? owner.seenAt : null
}

/** Whether it is no use to wait any longer for what was asked at `askedAt`, by the database's clock. */
export function isSilent({ owner, now }: Holder, askedAt: number): boolean {
  return owner !== null && now - owner.seenAt >= SILENT_MS && now - askedAt >= PATIENCE_MS
}
