import { SkillLoadError } from '../errors.ts'
import type { HttpFunctions, HttpSkill } from '../plan.ts'
import type { SkillScenario } from './context.ts'
import type { SkillHost } from './host.ts'
import type { Skill } from './skill.ts'

export async function openHttpSkill(
  _spec: HttpSkill,
  _scenario: SkillScenario,
  _host: SkillHost,
  _functions: HttpFunctions,
): Promise<Skill> {
  throw new SkillLoadError('http')
}

export async function checkHttpSkill(_spec: HttpSkill): Promise<{ hash: string }> {
  return { hash: '' }
}
