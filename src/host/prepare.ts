import { databaseSecrets } from '../environment.ts'
import { redactorOf, valuesOf } from '../redact.ts'
import { fingerprint, skillText, type Plan } from '../plan.ts'
import { loadClassify } from './classify.ts'
import { hashInputs, type HashingInputs } from './hashInputs.ts'
import type { SkillVersion } from '../persistence/store.ts'
import { checkSkill, programOfSkill } from '../skills/kinds.ts'
import { during, redacted } from '../waiting.ts'

/** What a plan comes to on this machine, now. */
export interface Prepared {
  plan: Plan
  fingerprint: string
  /** Of the items of all its scenarios. */
  inputHash: string
  /** By variant. */
  skillVersions: Record<string, SkillVersion>
}

/** How it is watched, ended, and made shorter the next time. */
export type Preparing = HashingInputs

/**
 * Loads and checks what a plan names, before anything is stored or run.
 * @throws {SkillLoadError} {@link InputError} {@link InputTooShortError}
 */
export async function prepare(plan: Plan, { say, ...rest }: Preparing & { checkSkills: boolean }): Promise<Prepared> {
  const { classify, secrets } = plan
  const options = { ...rest, say: say && redacted(say, redactorOf([...valuesOf(secrets), ...databaseSecrets([])])) }
  if (options.checkSkills && classify)
    await during(
      options.say,
      () => 'loading classify',
      () => loadClassify(classify),
    )
  const [inputHash, skillVersions] = await Promise.all([hashInputs(plan, options), hashSkills(plan, options)])
  options.signal?.throwIfAborted()
  return { plan, fingerprint: fingerprint(plan, inputHash), inputHash, skillVersions }
}

async function hashSkills(
  plan: Plan,
  { checkSkills: check, say }: Preparing & { checkSkills: boolean },
): Promise<Prepared['skillVersions']> {
  const entries = Object.entries(plan.variants).map(async ([variant, spec]) => {
    const files = await during(
      say,
      () => `loading skill ${skillText(spec)}`,
      () => (check ? checkSkill(spec, plan.secrets) : programOfSkill(spec)),
    )
    return [variant, { version: spec.version, files }] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}
