import { wait } from '../clock.ts'
import {
  BreakerOpenError,
  MemoryLimitError,
  OwnershipUnsureError,
  SkillClosedError,
  SkillCrashedError,
  SkillInterruptedError,
  SkillLoadError,
  UnstorableFactError,
} from '../errors.ts'
import type { Settled } from '../machines/tally.ts'
import { describeError, type ErrorClass, type StoredError } from '../skills/errorClass.ts'
import { idempotencyKey } from '../skills/idempotencyKey.ts'
import type { SkillCall, SkillOutcome } from '../skills/skill.ts'
import { storeFailure, storeRetry, storeSuccess } from './outcome.ts'
import { retryDelayMs } from './retry.ts'
import { admit, admitNow } from './admission.ts'
import type { Stage } from './stage.ts'
import { TimedCall } from './timedCall.ts'

export interface BatchCall {
  repetition: number
  round: number
  firstRound: number
  batch: number
  from: number
  items: number
  /** No other batch of the run is in a skill call meanwhile. */
  alone: boolean
}

/** What the attempts at one batch have come to so far. */
export interface Attempts {
  count: number
  /** When the skill call of the last one began, epoch ms. */
  startedAt: number
  /** In skill calls, of all of them. */
  activeMs: number
  errors: Partial<Record<ErrorClass, number>>
}

/** What the caller may hear of while a batch is under way. */
export interface Telling {
  /** The skill has answered for the last time; what remains is to store it. */
  onCalled?: () => void
  /** Where failed attempts are counted, whether an outcome comes of them or not. */
  errors?: Attempts['errors']
}

/**
 * One batch, from its items to its stored outcome: as many attempts as the retry allows, then the result or the last error.
 * @throws what ends the scenario (`MemoryLimitError`, `SkillLoadError`), what ends the run (of the store and the input), or the signal's reason.
 */
export async function attemptBatch(stage: Stage, call: BatchCall, signal: AbortSignal, telling: Telling = {}): Promise<Settled> {
  const { onCalled, errors = {} } = telling
  // Write-ahead: what made this call possible is durable before it begins. A turn later the recorder has handed it over.
  await Promise.resolve()
  const ready = stage.ledger.ready()
  if (ready) await ready
  const read = stage.reader.read(call.from, call.items)
  const skillCall = skillCallOf(stage, call, Array.isArray(read) ? read : await read)
  const attempts: Attempts = { count: 1, startedAt: stage.clock.now(), activeMs: 0, errors }
  for (;;) {
    const unsure = stage.ledger.tenure.sure()
    if (unsure) await unsure
    signal.throwIfAborted()
    const pass = admitNow(stage, call.alone) ?? (await admit(stage, call.alone, signal))
    skillCall.attempt = attempts.count
    const timed = new TimedCall(stage, attempts, signal, pass)
    let outcome: SkillOutcome
    try {
      outcome = await stage.skill.call(skillCall, timed)
      timed.end(outcome)
      stage.gate.succeeded(pass, outcome.activeMs)
    } catch (error) {
      timed.fail()
      if (signal.aborted || endsScenario(error) || isNoAttempt(error)) {
        stage.gate.failed(pass, 'ignored')
        if (isNoAttempt(error) && !signal.aborted) continue
        throw error
      }
      const failure = failureOf(stage, attempts, error)
      // A probe is asked for itself, whoever else was in its process.
      const isCounted = !(error instanceof SkillCrashedError) || error.counts || pass.permit !== null
      stage.gate.failed(pass, isCounted ? failure.class : 'ignored', failure)
      // A probe asks after the skill, not after its batch: while the service is away, that loses no attempt.
      if (pass.permit !== null && stage.gate.isOpen && stage.retry.on.includes(failure.class)) {
        pass.endTurn?.()
        await backOff(stage, call, failure, failure.retryAfterMs ?? 0, signal)
        continue
      }
      if (isLast(stage, attempts, failure)) {
        onCalled?.()
        return storeFailure(stage, call, attempts, failure)
      }
      pass.endTurn?.()
      await backOff(stage, call, failure, retryDelayMs(stage.retry, attempts.count, stage.random, failure.retryAfterMs), signal)
      attempts.count++
      continue
    } finally {
      pass.endTurn?.()
    }
    onCalled?.()
    return storeOrRefuse(stage, call, attempts, outcome)
  }
}

function skillCallOf({ run, variant, scenario }: Stage, call: BatchCall, items: readonly unknown[]): SkillCall {
  const { repetition, round, firstRound, batch, from } = call
  const key = { run, variant, scenario, repetition, round, batch }
  return {
    key,
    attempt: 1,
    idempotencyKey: idempotencyKey(key, { from, to: from + call.items, firstRound }),
    firstRound,
    from,
    items,
  }
}

const isLast = ({ retry }: Stage, attempts: Attempts, failure: StoredError) =>
  attempts.count >= retry.attempts || !retry.on.includes(failure.class)

async function backOff(stage: Stage, call: BatchCall, failure: StoredError, delayMs: number, signal: AbortSignal) {
  storeRetry(stage, call, failure)
  if (stage.activity.idle) stage.skill.rest()
  if (delayMs > 0) await wait(stage.clock, delayMs, signal)
}

async function storeOrRefuse(stage: Stage, call: BatchCall, attempts: Attempts, outcome: SkillOutcome): Promise<Settled> {
  try {
    return await storeSuccess(stage, call, attempts, outcome)
  } catch (error) {
    if (!(error instanceof UnstorableFactError)) throw error
    return await storeFailure(stage, call, attempts, failureOf(stage, attempts, error))
  }
}

function failureOf(stage: Stage, attempts: Attempts, error: unknown): StoredError {
  const described = describeError(error, { at: stage.clock.now(), attempt: attempts.count, class: stage.classify?.(error) })
  const failure = {
    ...described,
    message: stage.redact(described.message),
    ...(described.causes && { causes: described.causes.map(({ name, message }) => ({ name, message: stage.redact(message) })) }),
  }
  attempts.errors[failure.class] = (attempts.errors[failure.class] ?? 0) + 1
  return failure
}

/** It ran in a process that had to be killed for another batch; or before it began the breaker opened, or the run may have become another's. */
const isNoAttempt = (error: unknown) =>
  error instanceof SkillInterruptedError || error instanceof BreakerOpenError || error instanceof OwnershipUnsureError

const endsScenario = (error: unknown) =>
  error instanceof MemoryLimitError || error instanceof SkillLoadError || error instanceof SkillClosedError
