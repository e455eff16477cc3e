import type { HttpFunctions, SkillSpec } from '../plan.ts'
import type { SkillScenario } from './context.ts'
import { checkFunctionSkill, openFunctionSkill } from './function.ts'
import type { SkillHost } from './host.ts'
import { hashModule } from './load.ts'
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
 * @returns `hash`: sha256 of its file, hex; '' where it has none that could change.
 * @throws {SkillLoadError}
 */
export async function checkSkill(spec: SkillSpec, secrets: readonly string[] = []): Promise<{ hash: string }> {
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
export async function hashSkill(spec: SkillSpec): Promise<{ hash: string }> {
  if (spec.kind === 'http') return { hash: '' }
  return { hash: spec.kind === 'function' ? await hashModule(spec.module) : await (await import('./command.ts')).hashCommand(spec) }
}
