import type { HttpFunctions, SkillSpec } from '../plan.ts'
import type { SkillScenario } from './context.ts'
import { checkFunctionSkill, openFunctionSkill } from './function.ts'
import type { SkillHost } from './host.ts'
import { moduleProgram } from './load.ts'
import type { ProgramFile } from './programFiles.ts'
import type { Skill } from './skill.ts'

// A kind is loaded when a plan has it: what it stands on takes longer to load than all of ours.

/**
 * A skill of any kind, ready for one scenario's batches.
 *
 * @param functions What a TypeScript plan gave as functions.
 * @throws {SkillLoadError} where it is loaded at once and cannot be; else the first call does.
 */
export async function openSkill(spec: SkillSpec, scenario: SkillScenario, host: SkillHost, functions: HttpFunctions = {}): Promise<Skill> {
  switch (spec.kind) {
    case 'function':
      return openFunctionSkill(spec, scenario, host)
    case 'http':
      return (await import('./http.ts')).openHttpSkill(spec, scenario, host, functions)
    case 'command':
      return (await import('./command.ts')).openCommandSkill(spec, scenario, host)
  }
}

/**
 * Looks whether it could work, before anything is stored or run.
 *
 * @param secrets Names of environment variables that it gets although they are ours.
 * @returns the files that it is made of; none where nothing on this machine could change.
 * @throws {SkillLoadError}
 */
export async function checkSkill(spec: SkillSpec, secrets: readonly string[] = []): Promise<ProgramFile[]> {
  switch (spec.kind) {
    case 'function':
      return checkFunctionSkill(spec, secrets)
    case 'http':
      return (await import('./http.ts')).checkHttpSkill(spec)
    case 'command':
      return (await import('./command.ts')).checkCommandSkill(spec)
  }
}

/** As `checkSkill`, and nothing is loaded. */
export async function programOfSkill(spec: SkillSpec): Promise<ProgramFile[]> {
  if (spec.kind === 'http') return []
  return spec.kind === 'function' ? moduleProgram(spec.module) : (await import('./command.ts')).commandProgram(spec)
}
