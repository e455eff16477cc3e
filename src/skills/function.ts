import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { FunctionSkill } from '../plan.ts'
import type { SkillScenario } from './context.ts'
import { InlineSkill } from './inline.ts'
import { hashModule, loadSkillFunction } from './load.ts'
import { ProcessSkill } from './process.ts'
import { Session } from './session.ts'
import type { Skill } from './skill.ts'
import type { Workers } from './workers.ts'

/** What function skills need from where they run. */
export interface SkillHost {
  /** Shared by all runs of this process. */
  workers: Workers
  /** For time-outs and their grace. */
  clock: Clock
  /** How long a skill may go on after its abort, ms, before its process is killed. */
  graceMs: number
  /** Of one batch's results, as JSON in UTF-8. */
  maxResultBytes: number
  /** URL of the module whose `openInput` opens a scenario's input: loaded where the skill runs, and only when it asks for the items. */
  itemsModule: string
  /** What skills log, and what their processes write, line by line. `data` says whose it is. */
  log(message: string, data?: object): void
}

/**
 * A function skill, ready for one scenario's batches. A process is started by the first call that needs one.
 *
 * @throws {SkillLoadError} with isolation `inline`, if it cannot be loaded; with `process` the first call does.
 */
export async function openFunctionSkill(spec: FunctionSkill, scenario: SkillScenario, host: SkillHost): Promise<Skill> {
  if (spec.isolation === 'process') return new ProcessSkill(spec, scenario, host)
  return new InlineSkill(await loadSkillFunction(spec.module, spec.export), scenario, host)
}

/**
 * Loads the module where it is to run, and checks that it exports the function.
 *
 * @returns `hash`: sha256 of the module's file, hex.
 * @throws {SkillLoadError} if there is no such file, it throws or ends its process, or the export is no function.
 */
export async function checkFunctionSkill(spec: FunctionSkill): Promise<{ hash: string }> {
  const hash = await hashModule(spec.module)
  if (spec.isolation === 'inline') {
    await loadSkillFunction(spec.module, spec.export)
    return { hash }
  }
  const session = new Session({ type: 'load', module: spec.module, export: spec.export, work: null }, null, CHECK_HOST)
  try {
    await session.ready
  } finally {
    await session.end()
  }
  return { hash }
}

const CHECK_HOST = { clock: systemClock, graceMs: 1_000, log() {} }
