import { wait } from '../clock.ts'
import { SkillCrashedError, UnstorableFactError } from '../errors.ts'
import type { Settled } from '../machines/tally.ts'
import type { ErrorClass, StoredError } from '../skills/errorClass.ts'
import { idempotencyKey } from '../skills/idempotencyKey.ts'
import type { SkillCall, SkillOutcome } from '../skills/skill.ts'
import { BatchItems } from './batchItems.ts'
import { describeFailure, endsScenario, isNoAttempt } from './failure.ts'
import { storeItems, takeItems } from './itemOutcome.ts'
import { storeFailure, storeRetry, storeSuccess } from './outcome.ts'
import { asksTooMuch, retryDelayMs } from './retry.ts'
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
  /** The next attempt begins at that instant, epoch ms. */
  onWait?: (until: number) => void
  /** Where failed attempts are counted, whether an outcome comes of them or not. */
  errors?: Attempts['errors']
}

/**
 * One batch, from its items to its stored outcome: as many attempts as the retry allows, then the result or the last error.
 * @throws what ends the scenario (`MemoryLimitError`, `SkillLoadError`), what ends the run (of the store and the input), or the signal's reason.
 */
export async function attemptBatch(stage: Stage, call: BatchCall, signal: AbortSignal, telling: Telling = {}): Promise<Settled> {
  const { onCalled, onWait, errors = {} } = telling
  // Write-ahead: what made this call possible is durable before it begins. A turn later the recorder has handed it over.
  await Promise.resolve()
  const ready = stage.ledger.ready()
  if (ready) await ready
  const read = stage.reader.read(call.from, call.items)
  const skillCall = skillCallOf(stage, call, Array.isArray(read) ? read : await read)
  const attempts: Attempts = { count: 1, startedAt: stage.clock.now(), activeMs: 0, errors }
  let items = BatchItems.resume(stage, call)
  for (;;) {
    if (items?.left.length === 0) {
      onCalled?.()
      return storeItems(stage, call, attempts, items)
    }
    const unsure = stage.ledger.tenure.sure()
    if (unsure) await unsure
    signal.throwIfAborted()
    const pass = admitNow(stage, call.alone) ?? (await admit(stage, call.alone, signal))
    skillCall.attempt = attempts.count
    const timed = new TimedCall(stage, attempts, signal, pass, call.round > call.firstRound)
    let outcome: SkillOutcome
    try {
      outcome = await stage.skill.call(items ? items.callOf(skillCall) : skillCall, timed)
      timed.end(outcome)
      if (stage.skill.itemwise) timed.giveBack()
      else if (!outcome.itemFailures) stage.gate.succeeded(pass, outcome.activeMs)
    } catch (error) {
      timed.fail()
      const isItemwise = stage.skill.itemwise === true
      if (isItemwise) timed.giveBack()
      if (signal.aborted || endsScenario(error) || isNoAttempt(error)) {
        if (!isItemwise) stage.gate.failed(pass, 'ignored')
        if (isNoAttempt(error) && !signal.aborted) continue
        items?.keep()
        throw error
      }
      const failure = failureOf(stage, attempts, error)
      // A probe is asked for itself, whoever else was in its process.
      const isCounted = !(error instanceof SkillCrashedError) || error.counts || pass.permit !== null
      if (!isItemwise) stage.gate.failed(pass, isCounted ? failure.class : 'ignored', failure)
      // A probe asks after the skill, not after its batch: while the service is away, that loses no attempt.
      const isFree = pass.permit !== null && stage.gate.isOpen && stage.retry.on.includes(failure.class) && !asksTooMuch(failure)
      const again = items?.fail(items.left.map((item) => ({ item, error: failure, isFree })))
      if (again ? again.length === 0 : !isFree && isLast(stage, attempts, failure)) {
        if (again) continue
        onCalled?.()
        return storeFailure(stage, call, attempts, failure)
      }
      pass.endTurn?.()
      const delayMs = isFree ? (failure.retryAfterMs ?? 0) : retryDelayMs(stage.retry, attempts.count, stage.random, failure.retryAfterMs)
      storeRetry(stage, call, failure, delayMs)
      await backOff(stage, delayMs, signal, { items, onWait })
      if (!isFree) attempts.count++
      continue
    } finally {
      pass.endTurn?.()
    }
    if (items || outcome.itemFailures) {
      items ??= new BatchItems(stage, call, attempts.count - 1)
      const delayMs = await takeItems(stage, call, { attempts, items, outcome, timed, pass, signal })
      if (delayMs !== null) await backOff(stage, delayMs, signal, { items, onWait })
      continue
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
  attempts.count >= retry.attempts || asksTooMuch(failure) || !retry.on.includes(failure.class)

/** What has been paid for is durable before a wait that is longer, ms. */
const LONG_WAIT_MS = 1_000

async function backOff(
  stage: Stage,
  delayMs: number,
  signal: AbortSignal,
  { items, onWait }: Pick<Telling, 'onWait'> & { items: BatchItems | undefined },
) {
  if (stage.activity.idle) stage.skill.rest()
  if (items && (delayMs > LONG_WAIT_MS || stage.gate.isOpen)) await items.storing
  if (delayMs <= 0) return
  onWait?.(stage.clock.now() + delayMs)
  await wait(stage.clock, delayMs, signal)
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
  const failure = describeFailure(stage, attempts, error)
  attempts.errors[failure.class] = (attempts.errors[failure.class] ?? 0) + 1
  return failure
}
