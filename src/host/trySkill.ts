import { customAlphabet } from 'nanoid'
import { systemClock } from '../clock.ts'
import { databaseSecrets } from '../environment.ts'
import { UsageError } from '../errors.ts'
import { openInput } from '../input/input.ts'
import { nearest, skillText, type LoadedPlan, type Plan, type ScenarioPlan, type SkillSpec } from '../plan.ts'
import { redactorOf, valuesOf } from '../redact.ts'
import { idempotencyKey } from '../skills/idempotencyKey.ts'
import { openSkill } from '../skills/kinds.ts'
import type { Skill, SkillCall } from '../skills/skill.ts'
import { Workers } from '../skills/workers.ts'
import { during, redacted, type Say } from '../waiting.ts'
import { nameOfInput } from './hashInputs.ts'
import { ITEMS_MODULE } from './itemsModule.ts'

export interface TryOptions {
  /** Index of the item in the scenario's input. Default 0. */
  item?: number
  /** Default: the first one. */
  variant?: string
  /** Default: the first one that has the item. */
  scenario?: string
  /** Hears what the skill logs. */
  log?: (message: string, data?: object) => void
  /** Told what takes its time: the input up to the item, the skill. */
  onWait?: Say
}

/** One item after its way through the skill. */
export interface Tried {
  variant: string
  scenario: string
  item: number
  input: unknown
  outcome: TriedOutcome
}

export type TriedOutcome =
  | { kind: 'result'; result: unknown; quality: Record<string, number> | null; usage: Record<string, number> | null; activeMs: number }
  /** As the skill threw it, with its stack. */
  | { kind: 'error'; error: unknown }

/**
 * Takes one item through a plan's skill: in this process, without a database, a breaker or a second attempt.
 * The call has an idempotency key that no run has.
 *
 * @throws {UsageError} if the plan has no such variant, scenario or item.
 * @throws {SkillLoadError} {@link InputError}
 */
export async function trySkill({ plan, functions }: LoadedPlan, options: TryOptions = {}): Promise<Tried> {
  const { item = 0, log = () => {}, onWait } = options
  const say = onWait && redacted(onWait, redactorOf([...valuesOf(plan.secrets), ...databaseSecrets([])]))
  const variant = chosen('variant', Object.keys(plan.variants), options.variant)
  const scenario = scenarioWith(plan, item, options.scenario)
  const input = await itemOf(scenario, item, say)
  const { name, size, difficulty, memoryLimitMb, params, batchTimeoutMs } = scenario
  const spec = inline(plan.variants[variant]!)
  const call = callOf({ run: `try-${newId()}`, variant, scenario: name }, { item, batchSize: scenario.batchSize, input })
  const workers = new Workers({ max: 1 })
  const { graceMs, maxResultBytes } = plan
  const { run } = call.key
  const of = { run, variant, scenario: name, size, difficulty, params: { ...spec.params, ...params }, memoryLimitMb, input: scenario.input }
  const host = { workers, clock: systemClock, graceMs, maxResultBytes, secrets: plan.secrets, itemsModule: ITEMS_MODULE, log }
  const callOnce = async () => {
    const skill = await openSkill(spec, of, host, functions.skills?.[variant])
    try {
      return await outcomeOf(skill, call, batchTimeoutMs)
    } finally {
      await skill.close()
    }
  }
  try {
    const outcome = await during(say, () => `waiting for skill ${skillText(spec)}`, callOnce)
    return { variant, scenario: name, item, input, outcome }
  } finally {
    await workers.close()
  }
}

async function outcomeOf(skill: Skill, call: SkillCall, timeoutMs: number): Promise<TriedOutcome> {
  try {
    const outcome = await skill.call(call, { signal: new AbortController().signal, timeoutMs, onStart() {} })
    const [failure] = outcome.itemFailures ?? []
    if (failure) return { kind: 'error', error: failure[1] }
    const { result, quality, usage, activeMs } = outcome
    return { kind: 'result', result: (JSON.parse(result) as unknown[])[0], quality, usage, activeMs }
  } catch (error) {
    return { kind: 'error', error }
  }
}

const newId = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 8)

const inline = (spec: SkillSpec): SkillSpec => (spec.kind === 'function' ? { ...spec, isolation: 'inline' } : spec)

function callOf(
  of: { run: string; variant: string; scenario: string },
  { item, batchSize, input }: { item: number; batchSize: number; input: unknown },
): SkillCall {
  const key = { ...of, repetition: 1, round: 0, batch: Math.floor(item / batchSize) }
  const range = { from: item, to: item + 1, firstRound: 0 }
  return { key, attempt: 1, idempotencyKey: idempotencyKey(key, range), firstRound: 0, from: item, items: [input] }
}

function chosen(kind: 'variant' | 'scenario', names: readonly string[], name = names[0]!): string {
  if (names.includes(name)) return name
  const near = nearest(name, names)
  throw new UsageError(`The plan has no ${kind} "${name}"`, near ? `Did you mean ${near}?` : `It has ${names.join(', ')}`)
}

function scenarioWith({ scenarios }: Plan, item: number, name: string | undefined): ScenarioPlan {
  const names = scenarios.map((scenario) => scenario.name)
  const candidates = name === undefined ? scenarios : scenarios.filter((each) => each.name === chosen('scenario', names, name))
  const found = candidates.find(({ size }) => item < size)
  if (found && Number.isSafeInteger(item) && item >= 0) return found
  const most = Math.max(...candidates.map(({ size }) => size))
  const whose = name === undefined ? 'The plan' : `Scenario "${name}"`
  throw new UsageError(`${whose} has no item ${item}`, `Give a whole number from 0 to ${most - 1}`)
}

async function itemOf({ input, size }: ScenarioPlan, item: number, say: Say | undefined): Promise<unknown> {
  const read = async () => {
    const opened = await openInput(input, size)
    for await (const found of opened.items(item, item + 1)) return { found }
    return null
  }
  const name = input.kind === 'generator' ? null : nameOfInput(input)
  const there = await during(say, () => name && `reading ${name} up to item ${item}`, read)
  if (there) return there.found
  throw new UsageError(`The input has no item ${item}`, 'Give the index of an item that it has, counted from 0')
}
