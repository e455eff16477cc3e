import { openInput } from '../input/input.ts'
import { fingerprint, type InputSpec, type Plan } from '../plan.ts'
import { loadClassify } from './classify.ts'
import type { SkillVersion } from '../persistence/store.ts'
import { checkSkill, programOfSkill } from '../skills/kinds.ts'

/** What a plan comes to on this machine, now. */
export interface Prepared {
  plan: Plan
  fingerprint: string
  /** Of the items of all its scenarios. */
  inputHash: string
  /** By variant. */
  skillVersions: Record<string, SkillVersion>
}

/**
 * Loads and checks what a plan names, before anything is stored or run.
 * @throws {SkillLoadError} {@link InputError} {@link InputTooShortError}
 */
export async function prepare(plan: Plan, options: { checkSkills: boolean }): Promise<Prepared> {
  if (options.checkSkills && plan.classify) await loadClassify(plan.classify)
  const [inputHash, skillVersions] = await Promise.all([hashInputs(plan), hashSkills(plan, options.checkSkills)])
  return { plan, fingerprint: fingerprint(plan, inputHash), inputHash, skillVersions }
}

/** Scenarios that read the same input share one pass over it: the larger begins with the smaller one's items. */
export async function hashInputs(plan: Plan): Promise<string> {
  const sizes = new Map<string, { spec: InputSpec; size: number }>()
  for (const { input, size } of plan.scenarios) {
    const key = JSON.stringify(input)
    sizes.set(key, { spec: input, size: Math.max(size, sizes.get(key)?.size ?? 0) })
  }
  const hashes = await Promise.all(
    [...sizes.values()].map(async ({ spec, size }) => {
      const input = await openInput(spec, size)
      return input.hash(size)
    }),
  )
  return hashes.join(' ')
}

async function hashSkills(plan: Plan, check: boolean): Promise<Prepared['skillVersions']> {
  const entries = Object.entries(plan.variants).map(async ([variant, spec]) => {
    const files = await (check ? checkSkill(spec, plan.secrets) : programOfSkill(spec))
    return [variant, { version: spec.version, files }] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}
