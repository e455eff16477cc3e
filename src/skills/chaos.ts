import { createHash } from 'node:crypto'
import { MAX_TIMER_MS, type Clock } from '../clock.ts'
import { BatchTimeoutError, ChaosError } from '../errors.ts'
import type { ChaosPlan } from '../plan.ts'
import { CallLimit } from './callLimit.ts'
import type { CallOptions, Skill, SkillCall, SkillOutcome, SkillTiming } from './skill.ts'

/** What chaos does to one call. `latencyMs` goes before all of them. */
export interface Strike {
  fault: 'none' | 'fail' | 'hang' | 'crash'
  latencyMs: number
}

/**
 * A skill whose calls are broken on purpose. What it makes a call wait is part of that call: of its time-out, and of its active time.
 * A crash takes what else runs in the same process along, as a real one does.
 */
export class ChaosSkill implements Skill {
  readonly #skill: Skill
  readonly #plan: ChaosPlan
  readonly #clock: Clock
  readonly crash: Skill['crash']
  readonly itemwise: boolean

  constructor(skill: Skill, plan: ChaosPlan, { clock }: { clock: Clock }) {
    this.#skill = skill
    this.#plan = plan
    this.#clock = clock
    this.itemwise = skill.itemwise === true
    this.crash = skill.crash && (() => skill.crash!())
  }

  async call(call: SkillCall, options: CallOptions): Promise<SkillOutcome> {
    const { fault, latencyMs } = strikeOf(this.#plan, call)
    const reaches = fault === 'none' || (fault === 'crash' && this.crash !== undefined)
    if (latencyMs === 0 && reaches) return this.#reach(fault, call, options)
    options.signal.throwIfAborted()
    options.onStart()
    const startedAt = this.#clock.now()
    const timing = () => ({ startedAt, activeMs: this.#clock.now() - startedAt, cpuMs: null, memoryPeakMb: null })
    try {
      if (latencyMs > 0) await this.#wait(latencyMs, call, options)
      if (fault === 'hang') await this.#wait(Infinity, call, options)
      if (fault === 'fail') throw new ChaosError(call.key.batch, call.attempt, this.#plan.failClass)
      if (!reaches) throw connectionReset()
    } catch (error) {
      options.onFailure?.(timing())
      throw error
    }
    return this.#goOn(fault, call, options, timing())
  }

  rest() {
    this.#skill.rest()
  }

  close(): Promise<void> {
    return this.#skill.close()
  }

  /** As a skill that does not answer: until its time is up, or its caller lets go. */
  #wait(ms: number, call: SkillCall, options: CallOptions): Promise<void> {
    const clock = this.#clock
    return new Promise((resolve, reject) => {
      let timer: unknown
      const end = (settle: () => void) => {
        clock.clearTimeout(timer)
        limit.end()
        settle()
      }
      const limited = { abort: (reason: unknown) => end(() => reject(reason)), giveUp() {} }
      const limit = new CallLimit(limited, call.key.batch, options, { clock, graceMs: 0 })
      if (ms < Infinity) timer = clock.setTimeout(() => end(resolve), Math.min(ms, MAX_TIMER_MS))
    })
  }

  /** After the latency, which was part of the call: what is left of its time-out, and all of its time. */
  async #goOn(fault: Strike['fault'], call: SkillCall, options: CallOptions, before: SkillTiming): Promise<SkillOutcome> {
    const whole = (timing: SkillTiming) => ({
      startedAt: timing.startedAt - before.activeMs,
      activeMs: timing.activeMs + before.activeMs,
    })
    let failed = false
    try {
      const outcome = await this.#reach(fault, call, {
        signal: options.signal,
        timeoutMs: options.timeoutMs - before.activeMs,
        each: options.each && ((work) => options.each!(work)),
        onStart: () => options.mayBegin?.(),
        onFailure(timing) {
          failed = true
          options.onFailure?.({ ...timing, ...whole(timing) })
        },
      })
      return { ...outcome, ...whole(outcome) }
    } catch (error) {
      if (!failed) options.onFailure?.(before)
      throw error instanceof BatchTimeoutError ? new BatchTimeoutError(call.key.batch, options.timeoutMs) : error
    }
  }

  async #reach(fault: Strike['fault'], call: SkillCall, options: CallOptions): Promise<SkillOutcome> {
    if (fault !== 'crash') return this.#skill.call(call, options)
    const outcome = await this.#skill.call(call, {
      signal: options.signal,
      timeoutMs: options.timeoutMs,
      each: options.each && ((work) => options.each!(work)),
      onStart: () => {
        options.onStart()
        // A process that stays dies before it is handed the call, which it might answer in time; one that is begun for it, a turn later.
        this.crash?.()
        queueMicrotask(() => this.crash?.())
      },
      onFailure: (timing) => options.onFailure?.(timing),
    })
    // It was quicker than the signal that killed it: what it said is lost all the same.
    options.onFailure?.(outcome)
    throw connectionReset()
  }
}

/**
 * Follows from the seed, the items and the attempt alone: the same in whatever order calls come, and in every run of the plan.
 * A later round over the same items is decided anew, or what failed in one would fail in all.
 */
export function strikeOf(plan: ChaosPlan, { key, idempotencyKey, attempt }: SkillCall): Strike {
  const items = idempotencyKey.startsWith(key.run) ? idempotencyKey.slice(key.run.length) : idempotencyKey
  const digest = createHash('sha256')
    .update(JSON.stringify([plan.seed, items, key.round, attempt]))
    .digest()
  const [least, most] = plan.latencyMs
  return { fault: faultAt(ratioIn(digest, 0), plan), latencyMs: least + Math.floor(ratioIn(digest, 8) * (most - least + 1)) }
}

function faultAt(at: number, { failRate, hangRate, crashRate }: ChaosPlan): Strike['fault'] {
  if (at < failRate) return 'fail'
  if (at < failRate + hangRate) return 'hang'
  return at < failRate + hangRate + crashRate ? 'crash' : 'none'
}

/** 48 bits of it, from 0 to less than 1. */
const ratioIn = (digest: Buffer, offset: number) => digest.readUIntBE(offset, 6) / 2 ** 48

const connectionReset = () => Object.assign(new Error('CHAOS: the connection was reset on purpose'), { code: 'ECONNRESET' })
