import { sha256 } from '../fingerprint.ts'
import { isRecord, localPath } from '../written.ts'
import type { Json } from '../model.ts'

/** A plan as version 0.1.0 stored it: every default filled in. */
export interface FirstPlan extends Record<string, Json> {
  directory: string
  variants: Record<string, Json>
  scenarios: Json[]
}

const LEFT_OUT = ['directory', 'workers', 'shutdownMs', 'graceMs', 'secrets', 'durability', 'window', 'breaker', 'recovery']

/** The fingerprint as version 0.1.0 made it, of all that it stored but for the keys above. It never changes. */
export function firstFingerprint(plan: FirstPlan, inputHash: string): string {
  const local = (of: Json | undefined, key: string): Json =>
    isRecord(of) && typeof of[key] === 'string' ? { ...of, [key]: localPath(plan.directory, of[key]) } : (of ?? null)
  const input = (of: Json | undefined): Json => local(local(of, 'file'), 'module')
  const identity = {
    ...Object.fromEntries(Object.entries(plan).filter(([key]) => !LEFT_OUT.includes(key))),
    variants: Object.fromEntries(Object.entries(plan.variants).map(([name, skill]) => [name, local(local(skill, 'module'), 'cwd')])),
    input: input(plan.input),
    scenarios: plan.scenarios.map((scenario) => (isRecord(scenario) ? { ...scenario, input: input(scenario.input) } : scenario)),
    classify: local(plan.classify, 'module'),
    synthesize: local(plan.synthesize, 'module'),
  }
  return sha256({ plan: identity, input: inputHash })
}
