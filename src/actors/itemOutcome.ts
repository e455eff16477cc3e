import { UnstorableFactError } from '../errors.ts'
import type { Settled } from '../machines/tally.ts'
import type { EventFact } from '../persistence/facts.ts'
import type { StoredError } from '../skills/errorClass.ts'
import type { SkillOutcome } from '../skills/skill.ts'
import type { Attempts, BatchCall } from './attempt.ts'
import type { BatchItems, FailedItem } from './batchItems.ts'
import { describeFailure, endsScenario, isNoAttempt } from './failure.ts'
import type { Pass } from './gate.ts'
import { meansOf, worstOf } from './itemProgress.ts'
import { batchFact, settled, storeFailure } from './outcome.ts'
import { retryDelayMs } from './retry.ts'
import type { Stage } from './stage.ts'
import type { TimedCall } from './timedCall.ts'

interface Taken {
  attempts: Attempts
  items: BatchItems
  outcome: SkillOutcome
  timed: TimedCall
  pass: Pass
  signal: AbortSignal
}

/**
 * Takes what a call brought item by item, and tells the breaker.
 * @returns how long to wait before what is left is called again, ms; `null`: not at all.
 * @throws what ends the scenario, or the signal's reason: what was good is kept before.
 */
export async function takeItems(stage: Stage, call: BatchCall, taken: Taken): Promise<number | null> {
  const { attempts, items, outcome, timed, pass, signal } = taken
  const failures = (outcome.itemFailures ?? [])
    .filter(([index]) => index < items.left.length)
    .map(([index, error]) => ({ item: items.left[index]!, error }))
  const calls = failures.map(({ item, error }) => failedItem(stage, attempts, item, error, signal.aborted || timed.isFree(error)))
  const isProbe = !stage.skill.itemwise && tellBatch(stage, taken, calls) && pass.permit !== null && stage.gate.isOpen
  const isFree = isProbe && calls.every(({ error }) => stage.retry.on.includes(error.class))
  const failed = isFree ? calls.map((each) => ({ ...each, isFree })) : calls
  const again = items.add(outcome, failed)
  if (again.length === 0) return null
  const ending = failures.find(({ error }) => endsScenario(error))
  if (signal.aborted || ending) {
    items.keep()
    throw ending ? ending.error : signal.reason
  }
  const counted = again.filter((each) => !each.isFree)
  const waits = again.filter(({ error }) => error.retryAfterMs !== undefined)
  const askedMs = Math.max(0, ...waits.map(({ error }) => error.retryAfterMs!))
  const isCounted = counted.length > 0
  const delayMs = isCounted ? retryDelayMs(stage.retry, attempts.count, stage.random, waits.length > 0 ? askedMs : undefined) : askedMs
  const called = again.filter(({ error }) => error !== NOT_CALLED)
  const [first, ...others] = itemEvents(stage, 'items.retried', call, called)
  items.keep(first ? [{ ...first, data: { ...first.data, waitMs: Math.round(delayMs) } }, ...others] : [])
  if (isCounted) attempts.count++
  return delayMs
}

/** Of an item whose call did not begin. */
const NOT_CALLED: StoredError = { at: 0, message: '', name: '', class: 'ignored', attempt: 0 }

function failedItem(stage: Stage, attempts: Attempts, item: number, error: unknown, isFree: boolean): FailedItem {
  if (isNoAttempt(error)) return { item, error: NOT_CALLED, isFree: true }
  const failure = short(describeFailure(stage, attempts, error))
  if (!(isFree && failure.class === 'ignored')) attempts.errors[failure.class] = (attempts.errors[failure.class] ?? 0) + 1
  return { item, error: failure, isFree }
}

/** The batch was one call: a good one if any of its items is good, else one of the gravest class, which is of its items alone unless one of them may pass by itself. @returns whether it failed. */
function tellBatch(stage: Stage, { items, outcome, pass }: Taken, failed: readonly FailedItem[]): boolean {
  if (failed.length < items.left.length) {
    stage.gate.succeeded(pass, outcome.activeMs)
    return false
  }
  const worst = worstOf(failed.map(({ error }) => error))
  stage.gate.failed(
    pass,
    worst.class,
    worst,
    failed.every(({ error }) => error.class !== 'transient'),
  )
  return true
}

/** Stores a batch whose items are all known: the results of the good, and the errors of the others. */
export async function storeItems(stage: Stage, call: BatchCall, attempts: Attempts, items: BatchItems): Promise<Settled> {
  const { known } = items
  const failed = [...known.errors].sort(([a], [b]) => a - b).map(([item, error]) => ({ item, error, isFree: false }))
  const isGood = known.results.size > 0
  const worst = isGood ? undefined : worstOf(failed.map(({ error }) => error))
  const quality = isGood ? meansOf(known) : null
  const processed = items.processed
  const numbers = Array.from({ length: call.items }, (_, i) => call.from + i)
  const fact = {
    ...batchFact(stage, call, attempts),
    ...(worst && { outcome: 'failed' as const, errorClass: worst.class, error: JSON.stringify(worst) }),
    itemErrors: failed.length > 0 ? JSON.stringify(Object.fromEntries(failed.map(({ item, error }) => [item - call.from, error]))) : null,
    processed,
    result: isGood ? JSON.stringify(numbers.map((item) => known.results.get(item) ?? null)) : null,
    quality: quality && JSON.stringify(quality),
    usage: known.usage && JSON.stringify(known.usage),
  }
  const dropped = items.settle()
  try {
    await stage.ledger.settle([fact, ...itemEvents(stage, 'items.failed', call, failed), ...dropped])
  } catch (error) {
    if (!(error instanceof UnstorableFactError)) throw error
    return storeFailure(stage, call, attempts, describeFailure(stage, attempts, error))
  }
  const counts = isGood ? { failed: false, ...(failed.length > 0 && { failedAlone: failed.length }) } : { failed: true }
  return { ...settled(call, attempts), ...counts, processed, quality, memoryPeakMb: items.memoryPeakMb }
}

const MAX_EVENTS = 10
const MAX_NUMBERS = 20

/** One event for items that failed alike, at most ten. */
function itemEvents(stage: Stage, type: string, call: BatchCall, failed: readonly FailedItem[]): EventFact[] {
  const alike = [...Map.groupBy(failed, ({ error }) => JSON.stringify([error.class, error.name, error.message])).values()]
  return alike.slice(0, MAX_EVENTS).map((group) => {
    const { error } = group[0]!
    const { repetition, round, batch, items } = call
    const numbers = group.slice(0, MAX_NUMBERS).map(({ item }) => item)
    const data = { repetition, round, batch, items, failed: group.length, numbers, error }
    return { kind: 'event', at: error.at, actor: `${stage.variant}/${stage.scenario}`, type, data }
  })
}

const MAX_MESSAGE = 500

/** There may be as many as items: each is shorter than the error of a batch. */
function short({ message, causes, ...error }: StoredError): StoredError {
  const [cause] = causes ?? []
  return {
    ...error,
    message: message.slice(0, MAX_MESSAGE).toWellFormed(),
    ...(cause && { causes: [{ ...cause, message: cause.message.slice(0, MAX_MESSAGE).toWellFormed() }] }),
  }
}
