import type { InputSpec } from '../plan.ts'
import { idempotencyKey } from './idempotencyKey.ts'
import type { SkillCall, SkillContext } from './skill.ts'

/** The scenario that a skill is opened for. Flat JSON: it crosses to the skill's process. */
export interface SkillScenario {
  run: string
  variant: string
  scenario: string
  /** Items. */
  size: number
  difficulty: string
  /** The scenario's before the skill's own, merged by whoever opens the skill. */
  params: Record<string, unknown>
  /** MB of 2²⁰ bytes, for its process. `null`: what Node allows. */
  memoryLimitMb: number | null
  input: InputSpec
}

/** What the module behind `SkillHost.itemsModule` exports. */
interface ItemsModule {
  openInput: (spec: InputSpec, size: number) => Promise<{ items(from: number, to: number): AsyncIterable<unknown> }>
}

type Shared = Pick<SkillContext, 'run' | 'variant' | 'scenario' | 'size' | 'difficulty' | 'params' | 'items'>

/** What all batches of a scenario are told alike. */
export function sharedContext({ run, variant, scenario, size, difficulty, params, input }: SkillScenario, itemsModule: string): Shared {
  return { run, variant, scenario, size, difficulty, params, items: () => streamItems(itemsModule, input, size) }
}

/** `signals.signal` is asked for it only when the skill asks: most never do, and to make one costs more than all the rest. */
export const contextOf = (shared: Shared, call: SkillCall, signals: { signal: AbortSignal }, log: SkillContext['log']): SkillContext =>
  new Context(shared, call, signals, log) as Context & { signal: AbortSignal }

class Context implements Omit<SkillContext, 'signal'> {
  /** The skill's own property, so that it can be spread. One for all, or each context would have a shape of its own. */
  static readonly #signal = {
    enumerable: true,
    get(this: Context) {
      return this.#signals.signal
    },
  }
  readonly #signals: { signal: AbortSignal }
  readonly run: string
  readonly variant: string
  readonly scenario: string
  readonly repetition: number
  readonly batch: number
  readonly attempt: number
  readonly idempotencyKey: string
  readonly itemKey: SkillContext['itemKey']
  readonly params: Record<string, unknown>
  readonly size: number
  readonly difficulty: string
  readonly log: SkillContext['log']
  readonly items: SkillContext['items']

  constructor(shared: Shared, call: SkillCall, signals: { signal: AbortSignal }, log: SkillContext['log']) {
    const { key, attempt, from, firstRound, numbers } = call
    this.#signals = signals
    this.run = shared.run
    this.variant = shared.variant
    this.scenario = shared.scenario
    this.repetition = key.repetition
    this.batch = key.batch
    this.attempt = attempt
    this.idempotencyKey = call.idempotencyKey
    this.itemKey = (index) => {
      const number = numbers?.[index] ?? from + index
      return idempotencyKey(key, { from: number, to: number + 1, firstRound })
    }
    this.params = shared.params
    this.size = shared.size
    this.difficulty = shared.difficulty
    this.log = log
    this.items = shared.items
    Object.defineProperty(this, 'signal', Context.#signal)
  }
}

// The module is named, not imported: a skill's process loads it only when the skill asks for the items.
async function* streamItems(module: string, spec: InputSpec, size: number): AsyncGenerator {
  const { openInput } = (await import(module)) as ItemsModule
  const input = await openInput(spec, size)
  yield* input.items(0, size)
}
