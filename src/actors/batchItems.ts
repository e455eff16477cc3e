import { UnstorableFactError } from '../errors.ts'
import type { BatchPlace, DroppedFact } from '../persistence/facts.ts'
import type { StoredError } from '../skills/errorClass.ts'
import { idempotencyKey } from '../skills/idempotencyKey.ts'
import type { SkillCall, SkillOutcome } from '../skills/skill.ts'
import type { BatchCall } from './attempt.ts'
import { addFigures, figuresOf, keptFact, type KeptBatch } from './itemProgress.ts'
import { asksTooMuch } from './retry.ts'
import type { Stage } from './stage.ts'

/** An item that failed in one call. `isFree`: it costs no attempt. */
export interface FailedItem {
  item: number
  error: StoredError
  isFree: boolean
}

/** One batch whose items fail alone: what is known of each, and which are left to call. Most batches never need one. */
export class BatchItems {
  readonly known: KeptBatch
  readonly #stage: Stage
  readonly #call: BatchCall
  readonly #tries = new Map<number, number>()
  /** Attempts at all items, before any failed alone. */
  readonly #triesBefore: number
  /** Numbers of the items that neither have a result nor have failed for good. */
  left: number[]
  #unprocessed = 0
  memoryPeakMb: number | null = null
  /** What is known and not on its way to the store yet. */
  #news = { results: new Map<number, unknown>(), errors: new Map<number, StoredError>() }
  /** Resolves when all that was to be kept is durable, as far as the durability goes. */
  storing: Promise<void> = Promise.resolve()

  constructor(stage: Stage, call: BatchCall, triesBefore: number, known?: KeptBatch) {
    this.#stage = stage
    this.#call = call
    this.#triesBefore = triesBefore
    this.known = known ?? { place: placeOf(stage, call), usage: null, quality: {}, results: new Map(), errors: new Map() }
    this.left = Array.from({ length: call.items }, (_, i) => call.from + i).filter(
      (item) => !this.known.results.has(item) && !this.known.errors.has(item),
    )
  }

  /** What was kept of the batch before, if anything. */
  static resume(stage: Stage, call: BatchCall): BatchItems | undefined {
    const known = stage.kept.isEmpty ? undefined : stage.kept.of(placeOf(stage, call), call)
    return known && new BatchItems(stage, call, 0, known)
  }

  /** The call for what is left, with a key of its own. */
  callOf(whole: SkillCall): SkillCall {
    const { left } = this
    const { from, items } = this.#call
    if (left.length === items) return whole
    const [first, last] = [left[0]!, left.at(-1)!]
    const numbers = last - first + 1 === left.length ? undefined : left
    const range = { from: first, to: last + 1, firstRound: whole.firstRound, ...(numbers && { numbers }) }
    return {
      ...whole,
      idempotencyKey: idempotencyKey(whole.key, range),
      from: first,
      items: left.map((item) => whole.items[item - from]),
      ...(numbers && { numbers }),
    }
  }

  /** Takes what a call for what was left has brought. @returns those of its failures that are to be called again. */
  add(outcome: SkillOutcome, failed: readonly FailedItem[]): FailedItem[] {
    const results = JSON.parse(outcome.result) as unknown[]
    const bad = new Set(failed.map(({ item }) => item))
    let good = 0
    for (const [i, item] of this.left.entries()) {
      if (bad.has(item)) continue
      good++
      this.known.results.set(item, results[i])
      this.#news.results.set(item, results[i])
    }
    addFigures(this.known, figuresOf(outcome, good))
    this.#unprocessed += Math.max(0, good - outcome.processed)
    if (outcome.memoryPeakMb !== null) this.memoryPeakMb = Math.max(this.memoryPeakMb ?? 0, outcome.memoryPeakMb)
    return this.fail(failed)
  }

  /** Some of what is left has failed. @returns those that are to be called again. */
  fail(failed: readonly FailedItem[]): FailedItem[] {
    const { attempts, on } = this.#stage.retry
    const again: FailedItem[] = []
    for (const each of failed) {
      const { item, error, isFree } = each
      const tries = (this.#tries.get(item) ?? this.#triesBefore) + (isFree ? 0 : 1)
      this.#tries.set(item, tries)
      if (!asksTooMuch(error) && (isFree || (on.includes(error.class) && tries < attempts))) again.push(each)
      else {
        this.known.errors.set(item, error)
        this.#news.errors.set(item, error)
      }
    }
    this.left = this.left.filter((item) => !this.known.results.has(item) && !this.known.errors.has(item))
    return again
  }

  get processed(): number {
    return this.known.results.size - this.#unprocessed
  }

  /** Hands over what need not be called again, together with what else there is to store: whatever ends the batch now, it is not lost. */
  keep(facts: Parameters<Stage['ledger']['settle']>[0] = []) {
    const { results, errors } = this.#news
    const news = results.size + errors.size > 0 ? [keptFact({ ...this.known, results, errors })] : []
    this.#news = { results: new Map(), errors: new Map() }
    if (this.known.results.size + this.known.errors.size > 0) this.#stage.kept.put(this.known)
    if (news.length + facts.length === 0) return
    // What the database refuses now it refuses with the batch.
    this.storing = this.#stage.ledger.settle([...facts, ...news]).catch((error: unknown) => {
      if (!(error instanceof UnstorableFactError)) throw error
    })
    this.storing.catch(() => {})
  }

  /** They are settled. @returns what the store need not keep any more. */
  settle(): DroppedFact[] {
    return this.#stage.kept.isEmpty ? [] : this.#stage.kept.settle(this.#call.repetition, this.#call)
  }
}

export const placeOf = ({ variant, scenario }: Stage, { repetition, round, batch }: BatchCall): BatchPlace => ({
  variant,
  scenario,
  repetition,
  round,
  batch,
})
