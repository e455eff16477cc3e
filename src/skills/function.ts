import { systemClock } from '../clock.ts'
import { SkillKilledError } from '../errors.ts'
import type { FunctionSkill } from '../plan.ts'
import type { SkillScenario } from './context.ts'
import type { SkillHost } from './host.ts'
import { InlineSkill } from './inline.ts'
import { loadSkillFunction, moduleProgram } from './load.ts'
import { ProcessSkill } from './process.ts'
import type { ProgramFile } from './programFiles.ts'
import { Session } from './session.ts'
import type { Skill } from './skill.ts'

/**
 * A function skill, ready for one scenario's batches. A process is started by the first call that needs one.
 *
 * @throws {SkillLoadError} with isolation `inline`, if it cannot be loaded; with `process` the first call does.
 */
export async function openFunctionSkill(spec: FunctionSkill, scenario: SkillScenario, host: SkillHost): Promise<Skill> {
  if (spec.isolation === 'process') return new ProcessSkill(spec, scenario, host)
  const skill = await loadSkillFunction(spec.module, spec.export)
  return new InlineSkill((items, context) => skill(items, context), scenario, host)
}

/**
 * Loads the module where it is to run, and checks that it exports the function.
 *
 * @returns the files that it is made of.
 * @throws {SkillKilledError} if a signal ended its process, twice.
 * @throws {SkillLoadError} if there is no such file, it throws or ends its process, or the export is no function.
 */
export async function checkFunctionSkill(spec: FunctionSkill, secrets: readonly string[] = []): Promise<ProgramFile[]> {
  const files = moduleProgram(spec.module)
  const [, loaded] = await Promise.allSettled([files, load(spec, secrets)])
  // That there is no such file says more than that it cannot be loaded.
  const program = await files
  if (loaded.status === 'rejected') throw loaded.reason
  return program
}

async function load(spec: FunctionSkill, secrets: readonly string[]): Promise<void> {
  if (spec.isolation === 'inline') return void (await loadSkillFunction(spec.module, spec.export))
  await loadOnce(spec, secrets).catch((error: unknown) => {
    if (!(error instanceof SkillKilledError)) throw error
    return loadOnce(spec, secrets)
  })
}

async function loadOnce(spec: FunctionSkill, secrets: readonly string[]): Promise<void> {
  const session = new Session({ type: 'load', module: spec.module, export: spec.export, work: null }, null, { ...CHECK_HOST, secrets })
  try {
    await session.ready
  } finally {
    await session.end()
  }
}

const CHECK_HOST = { clock: systemClock, graceMs: 1_000, log() {} }
