import { Activity } from '../actors/activity.ts'
import { KeptItems } from '../actors/itemProgress.ts'
import type { Gate } from '../actors/gate.ts'
import type { Ledger } from '../actors/ledger.ts'
import type { Stage } from '../actors/stage.ts'
import { Turn } from '../actors/turn.ts'
import { wait, type Clock } from '../clock.ts'
import { openInput } from '../input/input.ts'
import type { ScenarioState } from '../machines/scenarioState.ts'
import type { ChaosPlan, Plan, PlanFunctions } from '../plan.ts'
import { redactor } from '../redact.ts'
import type { StoredKept } from '../persistence/store.ts'
import type { SkillHost } from '../skills/host.ts'
import { ChaosSkill } from '../skills/chaos.ts'
import { openSkill } from '../skills/kinds.ts'
import type { OwnClassify } from './classify.ts'
import { warmupBatchesOf } from './specs.ts'

export interface StageOptions {
  plan: Plan
  run: string
  clock: Clock
  ledger: Ledger
  /** By variant. */
  gates: ReadonlyMap<string, Gate>
  skillHost: SkillHost
  functions: StageFunctions
  /** By address: what was used of each scenario's active time before, ms. */
  scenarios: Record<string, Pick<ScenarioState, 'activeMs'>>
  /** What is known of items of batches that are not settled. */
  kept: readonly StoredKept[]
  onFatal(error: unknown): void
}

/** Of the plan's functions those that calls need. */
export interface StageFunctions extends Pick<PlanFunctions, 'skills'> {
  classify?: OwnClassify
}

/** Opens skill and input of every scenario of every variant, by address. */
export async function openStages(options: StageOptions): Promise<Map<string, Stage>> {
  const { plan, run, clock, ledger, skillHost, functions, onFatal } = options
  const stages = new Map<string, Stage>()
  const turn = new Turn()
  for (const [variant, spec] of Object.entries(plan.variants)) {
    for (const scenario of plan.scenarios) {
      const address = `${variant}/${scenario.name}`
      const { name, size, difficulty, input, memoryLimitMb } = scenario
      const params = { ...spec.params, ...scenario.params }
      const opened = await openInput(input, size)
      const of = { run, variant, scenario: name, size, difficulty, params, memoryLimitMb, input }
      const skill = await openSkill(spec, of, skillHost, functions.skills?.[variant])
      stages.set(address, {
        run,
        variant,
        scenario: name,
        clock,
        random: Math.random,
        skill: strikes(plan.chaos, name) ? new ChaosSkill(skill, plan.chaos, skillHost) : skill,
        reader: opened.reader(),
        ledger,
        activity: new Activity(clock, options.scenarios[address]?.activeMs ?? 0),
        classify: functions.classify,
        retry: plan.retry,
        kept: new KeptItems(options.kept.filter((kept) => kept.variant === variant && kept.scenario === name)),
        gate: options.gates.get(variant)!,
        turn,
        mayProbe: false,
        batchTimeoutMs: scenario.batchTimeoutMs,
        directory: plan.directory,
        warmupBatches: warmupBatchesOf(plan, scenario),
        redact: skillHost.redact ?? redactor(plan.secrets),
        parallel: scenario.parallel,
        window: plan.durability === 'pipelined' ? plan.window : 0,
        shutdown: new AbortController(),
        inHand: 0,
        batches: new Set(),
        tell() {},
        onFatal,
      })
    }
  }
  return stages
}

const strikes = (chaos: ChaosPlan | null, scenario: string): chaos is ChaosPlan =>
  Boolean(chaos && (chaos.scenarios === null || chaos.scenarios.includes(scenario)))

/** No batch begins any more; those in flight are aborted, and what they still return is stored. */
export function closeLanes(stages: ReadonlyMap<string, Stage>) {
  for (const { shutdown } of stages.values()) shutdown.abort(new DOMException('The run is being stopped', 'AbortError'))
}

const LOOK_MS = 20

/** Waits for the batches in flight, until a deadline. */
export async function handsEmpty(stages: ReadonlyMap<string, Stage>, clock: Clock, until: number) {
  const isBusy = () => [...stages.values()].some(({ inHand }) => inHand > 0)
  while (isBusy() && clock.now() < until) await wait(clock, LOOK_MS)
}

export async function closeStages(stages: ReadonlyMap<string, Stage>) {
  await Promise.all([...stages.values()].flatMap(({ skill, reader }) => [skill.close(), reader.close()]))
}
