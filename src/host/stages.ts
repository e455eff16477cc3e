import { Activity } from '../actors/activity.ts'
import type { Ledger } from '../actors/ledger.ts'
import type { Stage } from '../actors/stage.ts'
import type { Clock } from '../clock.ts'
import { openInput } from '../input/input.ts'
import type { ScenarioState } from '../machines/scenarioState.ts'
import type { Plan, PlanFunctions } from '../plan.ts'
import type { SkillHost } from '../skills/host.ts'
import { openSkill } from '../skills/kinds.ts'
import { redactor } from '../skills/redact.ts'
import { warmupBatchesOf } from './specs.ts'

export interface StageOptions {
  plan: Plan
  functions: PlanFunctions
  run: string
  clock: Clock
  ledger: Ledger
  skillHost: SkillHost
  /** By address: what was used of each scenario's active time before, ms. */
  scenarios: Record<string, Pick<ScenarioState, 'activeMs'>>
  onFatal(error: unknown): void
}

/** Opens skill and input of every scenario of every variant, by address. */
export async function openStages(options: StageOptions): Promise<Map<string, Stage>> {
  const { plan, functions, run, clock, ledger, skillHost, onFatal } = options
  const stages = new Map<string, Stage>()
  for (const [variant, spec] of Object.entries(plan.variants)) {
    for (const scenario of plan.scenarios) {
      const address = `${variant}/${scenario.name}`
      const { name, size, input, memoryLimitMb } = scenario
      const params = { ...spec.params, ...scenario.params }
      const opened = await openInput(input, size)
      stages.set(address, {
        run,
        variant,
        scenario: name,
        clock,
        random: Math.random,
        skill: await openSkill(
          spec,
          { run, variant, scenario: name, size, params, memoryLimitMb, input },
          skillHost,
          functions.skills?.[variant],
        ),
        reader: opened.reader(),
        ledger,
        activity: new Activity(clock, options.scenarios[address]?.activeMs ?? 0),
        retry: plan.retry,
        batchTimeoutMs: scenario.batchTimeoutMs,
        warmupBatches: warmupBatchesOf(plan, scenario),
        redact: redactor(plan.secrets),
        batchSize: scenario.batchSize,
        parallel: scenario.parallel,
        window: plan.durability === 'pipelined' ? plan.window : 0,
        shutdown: new AbortController(),
        inHand: 0,
        tell() {},
        onFatal,
      })
    }
  }
  return stages
}

export async function closeStages(stages: ReadonlyMap<string, Stage>) {
  await Promise.all([...stages.values()].flatMap(({ skill, reader }) => [skill.close(), reader.close()]))
}
