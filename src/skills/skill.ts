import type { ErrorClass } from '../plan.ts'
import type { ItemFailure } from './itemFailures.ts'

/** Names one batch, for ever: the same on every attempt at the same items. */
export interface BatchKey {
  run: string
  variant: string
  scenario: string
  repetition: number
  round: number
  batch: number
}

/** What a skill is told beside its items. In a child process it is rebuilt there. */
export interface SkillContext extends Omit<BatchKey, 'round'> {
  /** 1 on the first attempt at a batch in this process. */
  attempt: number
  idempotencyKey: string
  /** That of the item at `index` of the batch alone: the same however the items are cut into batches. */
  itemKey(index: number): string
  params: Record<string, unknown>
  /** Aborted on time-out, cancel and shutdown, with the reason. */
  signal: AbortSignal
  /** The scenario's label, from the plan or its preset: `easy`, `intermediate`, `advanced`, or one of the plan's own. */
  difficulty: string
  /** Items of the whole scenario. */
  size: number
  log(message: string, data?: Record<string, unknown>): void
  /** All items of the scenario, streamed anew at each call. */
  items(): AsyncIterable<unknown>
}

/**
 * What a function skill returns: its results in the order of the items, alone or with what it measured. An `ItemError` in the place of a result, or
 * an entry of `itemErrors` at its place, says that this item alone has failed.
 */
export type SkillReturn<Result = unknown> =
  | readonly Result[]
  | {
      results: readonly Result[]
      quality?: number | Record<string, number>
      usage?: Record<string, number>
      processed?: number
      itemErrors?: readonly (ToldItemError | null | undefined)[] | Readonly<Record<number, ToldItemError>>
    }

/** The error of one item, as plain JSON. */
export interface ToldItemError {
  error: { message: string; class?: ErrorClass; retryAfterMs?: number }
}

/**
 * A skill, as a user writes it.
 *
 * @example
 * const skill: SkillFunction<{ name: string }, number> = (items) => items.map(({ name }) => name.length)
 */
export type SkillFunction<Item = unknown, Result = unknown> = (
  items: readonly Item[],
  context: SkillContext,
) => SkillReturn<Result> | Promise<SkillReturn<Result>>

/** One batch on its way to a skill. Flat JSON, so that it can cross to another process. */
export interface SkillCall {
  key: BatchKey
  attempt: number
  idempotencyKey: string
  /** The round since which items count as new: part of their keys. */
  firstRound: number
  /** Index of the first item in the scenario. */
  from: number
  items: readonly unknown[]
  /** Numbers of the items in the scenario, where they do not follow each other: what is left of a batch. */
  numbers?: readonly number[]
}

/** When and for how long a call ran, whatever came of it. */
export interface SkillTiming {
  /** Epoch ms, on the clock of where the skill ran. */
  startedAt: number
  activeMs: number
  /** `null` where other work shares the process, so that nothing honest can be said. */
  cpuMs: number | null
  /** The most its process ever held in resident memory; `null` where the process is not the skill's own. */
  memoryPeakMb: number | null
}

/** What a call gave, ready to be stored: `result` is JSON text that PostgreSQL can hold. */
export interface SkillOutcome extends SkillTiming {
  /** With `null` for items that failed. */
  result: string
  processed: number
  quality: Record<string, number> | null
  usage: Record<string, number> | null
  /** Items that failed alone. Not there where none did. */
  itemFailures?: readonly ItemFailure[]
}

export interface CallOptions {
  signal: AbortSignal
  /** Counted from `onStart`. */
  timeoutMs: number
  /** The call has left every queue and begins now. What it throws is thrown by the call, which does not begin then. */
  onStart(): void
  /** Asked where a call that has begun, by what `onStart` was told, is still on its way to the skill. What it throws is thrown by the call. */
  mayBegin?(): void
  /** The call reached the skill and failed: what it took. Told before the promise rejects. */
  onFailure?(timing: SkillTiming): void
  /**
   * Makes the call of one item, behind the breaker: for a skill that is `itemwise`.
   * @throws {BreakerOpenError} if it may not pass now, and what `work` throws.
   */
  each?<T>(work: () => Promise<T>): Promise<T>
}

/** A skill, loaded for one scenario. Every kind fills this. */
export interface Skill {
  /** Each of its items is a call of its own, which the breaker counts; its batches are none. */
  readonly itemwise?: boolean
  /**
   * Runs one batch.
   * A result that was ready although the call was aborted meanwhile is returned: it is paid for. After a time-out it is not.
   * @throws whatever the skill threw, `BatchTimeoutError`, `SkillCrashedError`, `SkillInterruptedError` (run it again, it counts for nothing),
   *   `MemoryLimitError`, `ResultShapeError`, `UnstorableResultError`, or the signal's reason.
   */
  call(call: SkillCall, options: CallOptions): Promise<SkillOutcome>
  /** Kills what its calls run in, as a fault would: those in flight fail with `SkillCrashedError`. Not there where nothing of its own runs them. */
  crash?(): void
  /** The scenario waits and has nothing in flight: what others need may be taken. */
  rest(): void
  close(): Promise<void>
}
