import { fileURLToPath } from 'node:url'
import { SkillLoadError } from '../errors.ts'
import { type CommandSkill, environmentNames, parseTemplate } from '../plan.ts'
import { filesOf, programOf } from './commandFile.ts'
import type { SkillScenario } from './context.ts'
import type { SkillHost } from './host.ts'
import { ProcessSkill } from './process.ts'
import { type ProgramFile, programFiles } from './programFiles.ts'
import { shellPlaces } from './shellPlaces.ts'
import type { Skill } from './skill.ts'

/** What runs in the worker process. */
const MODULE = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './commandSkill.ts' : './commandSkill.js', import.meta.url))
/** The worker itself ends a command after the grace. Only a worker that has not done so this much later, ms, is killed. */
const PATIENCE_MS = 2_000

/** A command skill, ready for one scenario's batches. A worker process is started by the first call that needs one, and starts the commands. */
export async function openCommandSkill(spec: CommandSkill, scenario: SkillScenario, host: SkillHost): Promise<Skill> {
  const skill = { module: MODULE, export: 'default', setup: { spec, graceMs: host.graceMs } }
  return new ProcessSkill(skill, scenario, { ...host, graceMs: host.graceMs + PATIENCE_MS })
}

/**
 * Looks whether the command could be started: its program is there and may be executed, the environment variables that it names are set, and no value
 * stands where a shell would run it.
 *
 * @returns as `commandProgram`.
 * @throws {SkillLoadError}
 */
export async function checkCommandSkill(spec: CommandSkill): Promise<ProgramFile[]> {
  const unset = environmentNames(spec).filter((name) => process.env[name] === undefined)
  if (unset.length > 0) {
    const [verb, them] = unset.length === 1 ? ['is', 'it'] : ['are', 'them']
    throw new SkillLoadError(`The command names environment variables, and ${unset.join(', ')} ${verb} not set`, {
      hint: `Set ${them} where Troupe is started`,
    })
  }
  if (typeof spec.command === 'string') shellPlaces(parseTemplate(spec.command))
  await programOf(spec)
  return commandProgram(spec)
}

/** The files that the command names, and what they import; none where nothing in it names a file. */
export const commandProgram = async (spec: CommandSkill): Promise<ProgramFile[]> => programFiles(await filesOf(spec), spec.cwd)
