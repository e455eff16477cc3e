import { SkillLoadError } from '../errors.ts'
import type { CommandSkill } from '../plan.ts'
import type { SkillScenario } from './context.ts'
import type { SkillHost } from './host.ts'
import type { Skill } from './skill.ts'

export async function openCommandSkill(_spec: CommandSkill, _scenario: SkillScenario, _host: SkillHost): Promise<Skill> {
  throw new SkillLoadError('command')
}

export async function checkCommandSkill(_spec: CommandSkill): Promise<{ hash: string }> {
  return { hash: '' }
}

/** @returns sha256 of the program's file, hex; '' where it is none of the plan's own. */
export async function hashCommand(_spec: CommandSkill): Promise<string> {
  return ''
}
