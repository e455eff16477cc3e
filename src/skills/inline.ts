import type { Clock } from '../clock.ts'
import { CallLimit, type LimitedCall } from './callLimit.ts'
import { contextOf, sharedContext, type SkillScenario } from './context.ts'
import { LazySignal } from './lazySignal.ts'
import { checkReturned } from './returned.ts'
import type { CallOptions, Skill, SkillCall, SkillContext, SkillFunction, SkillOutcome } from './skill.ts'

export interface InlineHost {
  clock: Clock
  graceMs: number
  maxResultBytes: number
  itemsModule: string
  log(message: string, data?: object): void
}

/** A skill's function, or one of ours, which may know of the options of its call. */
type InlineFunction = (items: readonly unknown[], context: SkillContext, options: CallOptions) => ReturnType<SkillFunction>

/**
 * A skill in our own process, for trusted ones that only wait. A time-out aborts its signal; one that goes on for `graceMs` is left behind: it may
 * still be at work when its batch is tried again. Nothing stops one that never yields, and the memory it takes is ours.
 */
export class InlineSkill implements Skill {
  readonly #skill: InlineFunction
  readonly itemwise: boolean
  readonly #host: InlineHost
  readonly #shared: ReturnType<typeof sharedContext>
  readonly #origin: { variant: string; scenario: string }
  readonly #release: () => Promise<void>

  /** @param release Gives back what the skill holds between its calls. `itemwise`: it calls item by item, and keeps what was good of a call whose time was up. */
  constructor(skill: InlineFunction, scenario: SkillScenario, host: InlineHost, { release = async () => {}, itemwise = false } = {}) {
    this.#skill = skill
    this.itemwise = itemwise
    this.#release = release
    this.#host = host
    this.#shared = sharedContext(scenario, host.itemsModule)
    this.#origin = { variant: scenario.variant, scenario: scenario.scenario }
  }

  async call(call: SkillCall, options: CallOptions): Promise<SkillOutcome> {
    options.signal.throwIfAborted()
    const abort = new LazySignal()
    const context = contextOf(this.#shared, call, abort, this.#logOf(call.key.batch))
    options.onStart()
    const start = performance.now()
    let activeMs: number | undefined
    try {
      const skill = this.#skill
      const begun = skill(call.items, context, options)
      const returned = isThenable(begun) ? await this.#limited(begun, abort, call, options) : begun
      activeMs = performance.now() - start
      const { result, processed, quality, usage, itemFailures } = checkReturned(returned, {
        items: call.items.length,
        maxBytes: this.#host.maxResultBytes,
      })
      const timing = { startedAt: performance.timeOrigin + start, activeMs, cpuMs: null, memoryPeakMb: null }
      return { result, processed, quality, usage, ...timing, ...(itemFailures && { itemFailures }) }
    } catch (error) {
      activeMs ??= performance.now() - start
      options.onFailure?.({ startedAt: performance.timeOrigin + start, activeMs, cpuMs: null, memoryPeakMb: null })
      throw error
    }
  }

  rest() {}

  close(): Promise<void> {
    return this.#release()
  }

  #logOf(batch: number): SkillContext['log'] {
    return (message, data) => this.#host.log(message, { ...this.#origin, batch, ...(data !== undefined && { data }) })
  }

  #limited<T>(begun: PromiseLike<T>, abort: LazySignal, call: SkillCall, options: CallOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      const limited: LimitedCall = { abort: (reason) => abort.abort(reason), giveUp: reject }
      const limit = new CallLimit(limited, call.key.batch, options, this.#host)
      void begun.then(
        (returned) => {
          limit.end()
          return limit.timedOut && !this.itemwise ? reject(limit.reason) : resolve(returned)
        },
        (error: unknown) => {
          limit.end()
          reject(limit.failure(error))
        },
      )
    })
  }
}

const isThenable = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as PromiseLike<T> | undefined)?.then === 'function'
