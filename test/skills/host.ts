import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { CommandSkill, FunctionSkill, SkillSpec } from '../../src/plan.ts'
import type { SkillScenario } from '../../src/skills/context.ts'
import type { SkillHost } from '../../src/skills/host.ts'
import { openSkill } from '../../src/skills/kinds.ts'
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

export const commandSkill = (changes: Partial<CommandSkill> = {}): CommandSkill => ({
  kind: 'command',
  command: 'cat',
  mode: 'batch',
  cwd: fixture(''),
  env: {},
  stdin: 'jsonl',
  stdout: 'jsonl',
  exitCodes: {},
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
  timeoutMs: 3_600_000,
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

interface Around {
  scenario?: Partial<SkillScenario>
  host?: Partial<SkillHost>
}

/** A skill of the fixtures in a host of its own, closed with the test. */
export const open = ({ scenario, host, ...spec }: Partial<FunctionSkill> & Around = {}) =>
  openAny(functionSkill(spec), { ...(scenario && { scenario }), ...(host && { host }) })

/** A command, with the same around it. */
export const openCommand = ({ scenario, host, ...spec }: Partial<CommandSkill> & Around = {}) =>
  openAny(commandSkill(spec), { ...(scenario && { scenario }), ...(host && { host }) })

async function openAny(spec: SkillSpec, { scenario, host }: Around): Promise<Opened> {
  const lines: Opened['lines'] = []
  const waiting: (() => void)[] = []
  const workers = host?.workers ?? new Workers({ max: 2 })
  const given: SkillScenario = {
    run: 'run-1',
    variant: 'default',
    scenario: 'simple',
    difficulty: 'easy',
    size: 5,
    params: { depth: 3 },
    memoryLimitMb: null,
    input: { kind: 'generator', generator: 'uniform', seed: 1 },
    ...scenario,
  }
  const skill = await openSkill(spec, given, {
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

/** One that has ended and that nobody has asked for yet is not. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}
