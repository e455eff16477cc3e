import { OwnershipUnsureError } from '../errors.ts'
import type { CallOptions, SkillTiming } from '../skills/skill.ts'
import type { Attempts } from './attempt.ts'
import { describeFailure, isNoAttempt } from './failure.ts'
import type { Pass } from './gate.ts'
import type { Stage } from './stage.ts'

/** One skill call as its caller sees it: its limits, and when and for how long it ran, which counts as active time. */
export class TimedCall implements CallOptions {
  readonly #stage: Stage
  readonly #attempts: Attempts
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly #pass: Pass
  readonly #isAgain: boolean
  #begunAt: number | undefined
  #failed: SkillTiming | undefined
  /** The pass is used, or its permit has been given back. */
  #isUsed = false
  #free: Set<unknown> | undefined

  /** @param isAgain It is about items that were not good in an earlier round. */
  constructor(stage: Stage, attempts: Attempts, signal: AbortSignal, pass: Pass, isAgain = false) {
    this.#stage = stage
    this.#attempts = attempts
    this.signal = signal
    this.#pass = pass
    this.#isAgain = isAgain
    this.timeoutMs = stage.batchTimeoutMs
  }

  /**
   * The last look before it begins, for it may have waited for its process.
   * @throws {BreakerOpenError} if the breaker has opened meanwhile.
   * @throws {OwnershipUnsureError} if the run may be another's meanwhile.
   */
  mayBegin() {
    if (!this.#stage.ledger.tenure.isSure) throw new OwnershipUnsureError(this.#stage.run)
    this.#stage.gate.check(this.#pass)
  }

  onStart() {
    this.mayBegin()
    this.#begunAt = this.#stage.activity.begin()
  }

  /** The first call has the pass of the batch; every further one asks for itself. */
  async each<T>(work: () => Promise<T>): Promise<T> {
    const { gate, clock, retry, mayProbe, ledger, run } = this.#stage
    if (!ledger.tenure.isSure) throw new OwnershipUnsureError(run)
    const pass = this.#isUsed ? gate.enter(mayProbe) : this.#pass
    this.#isUsed = true
    const begunAt = clock.now()
    try {
      const value = await work()
      gate.succeeded(pass, clock.now() - begunAt)
      return value
    } catch (error) {
      if (this.signal.aborted || isNoAttempt(error)) gate.failed(pass, 'ignored')
      else {
        const failure = describeFailure(this.#stage, this.#attempts, error)
        gate.failed(pass, failure.class, failure, this.#isAgain)
        if (pass.permit !== null && gate.isOpen && retry.on.includes(failure.class)) (this.#free ??= new Set()).add(error)
      }
      throw error
    }
  }

  /** The error is of a probe, and costs its item no attempt. */
  isFree(error: unknown): boolean {
    return this.#free?.has(error) === true
  }

  /** No call of an item has used the pass. */
  giveBack() {
    if (!this.#isUsed) this.#stage.gate.failed(this.#pass, 'ignored')
    this.#isUsed = true
  }

  onFailure(timing: SkillTiming) {
    this.#failed = timing
  }

  end({ startedAt, activeMs }: Pick<SkillTiming, 'startedAt' | 'activeMs'>) {
    const { activity } = this.#stage
    this.#attempts.startedAt = startedAt
    this.#attempts.activeMs += activeMs
    activity.end(this.#begunAt ?? activity.begin(), startedAt, activeMs)
  }

  /** Where it began at all. What a killed process took it cannot say itself. */
  fail() {
    const begunAt = this.#begunAt
    if (begunAt === undefined) return
    this.end(this.#failed ?? { startedAt: begunAt, activeMs: Math.max(0, this.#stage.clock.now() - begunAt) })
  }
}
