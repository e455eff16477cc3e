import { attemptBatch } from '../../src/actors/attempt.ts'
import type { BreakerSpec } from '../../src/machines/breakerState.ts'
import type { Settled } from '../../src/machines/tally.ts'
import { TransientError } from '../../src/skills/errorClass.ts'
import { startBreaker } from '../machines/breakerHarness.ts'
import { touchy } from '../machines/breakerSequences.ts'
import { batchCall, startStage, turn } from './stageHarness.ts'

export const transient = (retryAfterMs?: number) => new TransientError('busy', retryAfterMs === undefined ? {} : { retryAfterMs })
export const RETRY = { attempts: 2, backoffMs: 100, factor: 1, maxMs: 100, jitter: 0, on: ['transient' as const] }

/** A stage behind a breaker that opens with the first critical error, for a second. */
export function startBehind(changes: Parameters<typeof startStage>[0] = {}, spec: BreakerSpec = touchy({ maxRecoveryAttempts: 100 })) {
  const started = startStage({ retry: RETRY, ...changes })
  const breaker = startBreaker(spec, { clock: started.clock })
  started.stage.gate = breaker.gate
  const begin = (call = batchCall()) => {
    const controller = new AbortController()
    const outcome: { settled?: Settled; error?: unknown } = {}
    void attemptBatch(started.stage, call, controller.signal).then(
      (settled) => void (outcome.settled = settled),
      (error: unknown) => void (outcome.error = error),
    )
    return { outcome, abort: () => controller.abort(new DOMException('Stop', 'AbortError')) }
  }
  const advance = async (ms: number) => {
    started.clock.increment(ms)
    await turn()
  }
  const answered = async (which: number, error?: Error) => {
    if (error) started.calls[which]!.refuse(error)
    else started.calls[which]!.answer()
    await turn()
  }
  return { ...started, breaker, begin, advance, answered, attempts: () => started.calls.map(({ call }) => call.attempt) }
}
