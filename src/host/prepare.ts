import { relative } from 'node:path'
import { openInput } from '../input/input.ts'
import { fingerprint, skillText, type InputSpec, type Plan } from '../plan.ts'
import { loadClassify } from './classify.ts'
import type { SkillVersion } from '../persistence/store.ts'
import { checkSkill, programOfSkill } from '../skills/kinds.ts'
import { during, type Say } from '../waiting.ts'

/** How often the reading of an input says how far it is. */
const READING_MS = 3_000

/** What a plan comes to on this machine, now. */
export interface Prepared {
  plan: Plan
  fingerprint: string
  /** Of the items of all its scenarios. */
  inputHash: string
  /** By variant. */
  skillVersions: Record<string, SkillVersion>
}

/** How the preparing is watched. */
export interface Preparing {
  /** Told what takes its time. */
  say?: Say | undefined
  /** Ends it, with its reason: nothing is begun any more. */
  signal?: AbortSignal | undefined
}

/**
 * Loads and checks what a plan names, before anything is stored or run.
 * @throws {SkillLoadError} {@link InputError} {@link InputTooShortError}
 */
export async function prepare(plan: Plan, options: Preparing & { checkSkills: boolean }): Promise<Prepared> {
  const { classify } = plan
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

/** Scenarios that read the same input share one pass over it: the larger begins with the smaller one's items. */
export async function hashInputs(plan: Plan, { say, signal }: Preparing = {}): Promise<string> {
  const sizes = new Map<string, { spec: InputSpec; size: number }>()
  for (const { input, size } of plan.scenarios) {
    const key = JSON.stringify(input)
    sizes.set(key, { spec: input, size: Math.max(size, sizes.get(key)?.size ?? 0) })
  }
  const hashes = await Promise.all(
    [...sizes.values()].map(async ({ spec, size }) => {
      let read = 0
      const what = () =>
        spec.kind === 'generator' ? null : `reading ${nameOf(spec)}: ${read.toLocaleString('en')} of ${size.toLocaleString('en')} items`
      const hash = async () => (await openInput(spec, size)).hash(size, { onItems: (count) => void (read = count), signal })
      return during(say, what, hash, { everyMs: READING_MS })
    }),
  )
  return hashes.join(' ')
}

const nameOf = (spec: { kind: 'file'; file: string } | { kind: 'module'; module: string }) =>
  relative(process.cwd(), spec.kind === 'file' ? spec.file : spec.module)

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
