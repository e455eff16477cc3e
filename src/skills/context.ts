import type { InputSpec } from '../plan.ts'
import type { SkillCall, SkillContext } from './skill.ts'

/** The scenario that a skill is opened for. Flat JSON: it crosses to the skill's process. */
export interface SkillScenario {
  run: string
  variant: string
  scenario: string
  /** Items. */
  size: number
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

type Shared = Pick<SkillContext, 'run' | 'variant' | 'scenario' | 'size' | 'params' | 'items'>

/** What all batches of a scenario are told alike. */
export function sharedContext({ run, variant, scenario, size, params, input }: SkillScenario, itemsModule: string): Shared {
  return { run, variant, scenario, size, params, items: () => streamItems(itemsModule, input, size) }
}

export function contextOf(
  shared: Shared,
  { key, attempt, idempotencyKey }: SkillCall,
  lazy: { signal: AbortSignal; log: SkillContext['log'] },
): SkillContext {
  return {
    run: shared.run,
    variant: shared.variant,
    scenario: shared.scenario,
    repetition: key.repetition,
    batch: key.batch,
    attempt,
    idempotencyKey,
    params: shared.params,
    // Most skills ask for neither, and to make them costs more than all the rest.
    get signal() {
      return lazy.signal
    },
    size: shared.size,
    get log() {
      return lazy.log
    },
    items: shared.items,
  }
}

// The module is named, not imported: a skill's process loads it only when the skill asks for the items.
async function* streamItems(module: string, spec: InputSpec, size: number): AsyncGenerator {
  const { openInput } = (await import(module)) as ItemsModule
  const input = await openInput(spec, size)
  yield* input.items(0, size)
}
