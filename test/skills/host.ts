import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { FunctionSkill } from '../../src/plan.ts'
import type { SkillScenario } from '../../src/skills/context.ts'
import { openFunctionSkill } from '../../src/skills/function.ts'
import type { SkillHost } from '../../src/skills/host.ts'
import type { CallOptions, Skill, SkillCall } from '../../src/skills/skill.ts'
import { Workers } from '../../src/skills/workers.ts'

export const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))

export const functionSkill = (changes: Partial<FunctionSkill> = {}): FunctionSkill => ({
  kind: 'function',
  module: fixture('skills.mjs'),
  export: 'default',
  isolation: 'process',
  version: null,
  params: {},
  ...changes,
})

export const batch = (number = 0, items: readonly unknown[] = [1, 2, 3], attempt = 1): SkillCall => ({
  key: { run: 'run-1', variant: 'default', scenario: 'simple', repetition: 2, round: 0, batch: number },
  attempt,
  idempotencyKey: `run-1/default/simple/2/${number}`,
  firstRound: 0,
  from: number * items.length,
  items,
})

export const options = (changes: Partial<CallOptions> = {}): CallOptions => ({
  signal: new AbortController().signal,
  timeoutMs: 60_000,
  onStart() {},
  ...changes,
})

export interface Opened {
  skill: Skill
  workers: Workers
  lines: { message: string; data: Record<string, unknown> }[]
  /** Resolves when such a line has been logged. */
  logged: (message: string) => Promise<Record<string, unknown>>
}

type Changes = Partial<FunctionSkill> & { scenario?: Partial<SkillScenario>; host?: Partial<SkillHost> }

/** A skill of the fixtures in a host of its own, closed with the test. */
export async function open({ scenario, host, ...spec }: Changes = {}): Promise<Opened> {
  const lines: Opened['lines'] = []
  const waiting: (() => void)[] = []
  const workers = host?.workers ?? new Workers({ max: 2 })
  const given: SkillScenario = {
    run: 'run-1',
    variant: 'default',
    scenario: 'simple',
    size: 5,
    params: { depth: 3 },
    memoryLimitMb: null,
    input: { kind: 'generator', generator: 'uniform', seed: 1 },
    ...scenario,
  }
  const skill = await openFunctionSkill(functionSkill(spec), given, {
    workers,
    clock: systemClock,
    graceMs: 200,
    maxResultBytes: 1_000_000,
    itemsModule: new URL('../../src/input/input.ts', import.meta.url).href,
    log(message, data) {
      lines.push({ message, data: { ...data } })
      for (const wake of waiting.splice(0)) wake()
    },
    ...host,
  })
  onTestFinished(async () => {
    await skill.close()
    await workers.close()
  })
  const logged = async (message: string) => {
    for (;;) {
      const line = lines.find((each) => each.message === message)
      if (line) return line.data
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
  }
  return { skill, workers, lines, logged }
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
