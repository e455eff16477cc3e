import { fromCallback, type EventObject } from 'xstate'
import type { Clock } from '../clock.ts'
import type { MilestoneFact } from '../persistence/facts.ts'

export interface ReleaseInput {
  run: string
  repetition: number
  pct: number
  reachedAt: number
  outcome: { kind: 'all' | 'without' | 'timed-out'; missing: string[] }
}

export type ReleaseLogic = ReturnType<typeof createRelease>

/** Stores that a barrier is released, and only then says so: `release.stored`. */
export const createRelease = (
  clock: Clock,
  store: (release: ReleaseInput & { releasedAt: number }) => Promise<void>,
  onError: (run: string, error: unknown) => void,
) =>
  fromCallback<EventObject, ReleaseInput>(({ input, sendBack }) => {
    let stopped = false
    const releasedAt = clock.now()
    store({ ...input, releasedAt }).then(
      () => {
        if (!stopped) sendBack({ type: 'release.stored', at: clock.now() })
      },
      (error: unknown) => onError(input.run, error),
    )
    return () => {
      stopped = true
    }
  })

export const releaseFact = (release: ReleaseInput & { releasedAt: number }, statuses: Record<string, string>): MilestoneFact => ({
  kind: 'milestone',
  repetition: release.repetition,
  pct: release.pct,
  reachedAt: release.reachedAt,
  releasedAt: release.releasedAt,
  outcome: release.outcome.kind,
  missing: release.outcome.missing,
  statuses,
})
