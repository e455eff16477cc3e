import type { Settled } from '../machines/tally.ts'
import type { BatchFact, EventFact } from '../persistence/facts.ts'
import type { StoredError } from '../skills/errorClass.ts'
import type { SkillOutcome } from '../skills/skill.ts'
import type { Attempts, BatchCall } from './attempt.ts'
import { describeFailure } from './failure.ts'
import type { Stage } from './stage.ts'

export async function storeSuccess(stage: Stage, call: BatchCall, attempts: Attempts, outcome: SkillOutcome): Promise<Settled> {
  await stage.ledger.settle([
    {
      ...batchFact(stage, call, attempts),
      outcome: 'ok',
      processed: outcome.processed,
      result: outcome.result,
      quality: outcome.quality && JSON.stringify(outcome.quality),
      usage: outcome.usage && JSON.stringify(outcome.usage),
      cpuMs: outcome.cpuMs,
    },
  ])
  const { processed, quality, memoryPeakMb } = outcome
  return { ...settled(call, attempts), failed: false, processed, quality, memoryPeakMb }
}

export async function storeFailure(stage: Stage, call: BatchCall, attempts: Attempts, failure: StoredError): Promise<Settled> {
  const fact: BatchFact = {
    ...batchFact(stage, call, attempts),
    outcome: 'failed',
    errorClass: failure.class,
    error: JSON.stringify(failure),
  }
  await stage.ledger.settle([fact, event(stage, 'batch.failed', call, failure)])
  return { ...settled(call, attempts), failed: true }
}

/** Not waited for: should it be lost with the process, so is the attempt. `waitMs`: until the next one begins. */
export function storeRetry(stage: Stage, call: BatchCall, failure: StoredError, waitMs: number) {
  const retried = event(stage, 'batch.retried', call, failure)
  stage.ledger.record([{ ...retried, data: { ...retried.data, waitMs: Math.round(waitMs) } }])
}

/** Of a batch that ended its scenario, and that nothing is stored of: what it failed with is to be seen all the same. */
export function storeBroken(stage: Stage, call: BatchCall, error: unknown) {
  stage.ledger.record([event(stage, 'batch.failed', call, describeFailure(stage, { count: 1 }, error))])
}

const event = ({ scenario, variant }: Stage, type: string, call: BatchCall, failure: StoredError): EventFact => ({
  kind: 'event',
  at: failure.at,
  actor: `${variant}/${scenario}`,
  type,
  data: { repetition: call.repetition, round: call.round, batch: call.batch, from: call.from, items: call.items, error: failure },
})

export const batchFact = (stage: Stage, call: BatchCall, attempts: Attempts): BatchFact => ({
  kind: 'batch',
  variant: stage.variant,
  scenario: stage.scenario,
  repetition: call.repetition,
  round: call.round,
  batch: call.batch,
  from: call.from,
  items: call.items,
  attempt: attempts.count,
  outcome: 'ok',
  errorClass: null,
  error: null,
  itemErrors: null,
  processed: 0,
  result: null,
  quality: null,
  usage: null,
  warmup: call.repetition === 1 && call.batch < stage.warmupBatches,
  startedAt: attempts.startedAt,
  activeMs: attempts.activeMs,
  cpuMs: null,
})

export const settled = ({ from, items }: BatchCall, attempts: Attempts): Settled => ({
  from,
  items,
  failed: false,
  processed: 0,
  retries: attempts.count - 1,
  errors: attempts.errors,
  quality: null,
  memoryPeakMb: null,
})
