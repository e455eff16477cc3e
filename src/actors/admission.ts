import { BreakerOpenError } from '../errors.ts'
import type { Pass } from './gate.ts'
import type { Stage } from './stage.ts'

/** A pass to a skill's call. `endTurn`: where the batch has to run alone. */
export interface Admission extends Pass {
  endTurn?: () => void
}

/** The usual case, without waiting; `undefined` where there is something to wait for. */
export function admitNow(stage: Stage, alone: boolean): Admission | undefined {
  return alone ? undefined : tryEnter(stage)
}

/**
 * Waits until the breaker lets the call through and, where the batch has to run alone, until it is its turn. What waited while its scenario was
 * paused begins when that goes on. @throws the signal's reason.
 */
export async function admit(stage: Stage, alone: boolean, signal: AbortSignal): Promise<Admission> {
  for (;;) {
    const endTurn = alone ? await stage.turn.take(signal) : undefined
    const pass = stage.mayProbe ? tryEnter(stage) : undefined
    if (pass) return { ...pass, ...(endTurn && { endTurn }) }
    endTurn?.()
    // It waits, and needs no process for that.
    if (stage.activity.idle) stage.skill.rest()
    await stage.gate.changed(signal)
    // Write-ahead: what let it through is durable first. A turn later the ledger knows of it.
    await Promise.resolve()
    await stage.ledger.ready()
  }
}

function tryEnter({ gate, mayProbe }: Stage): Pass | undefined {
  try {
    return gate.enter(mayProbe)
  } catch (error) {
    if (error instanceof BreakerOpenError) return undefined
    throw error
  }
}
