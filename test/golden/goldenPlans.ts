import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepare } from '../../src/host/prepare.ts'
import { PLAN_VERSION } from '../../src/host/storedPlan.ts'
import { loadPlan, type PlanOverrides } from '../../src/plan.ts'

/** A plan as somebody wrote it, and what was stored for it. */
export interface GoldenPlan {
  file: string
  text: string
  overrides?: PlanOverrides
  fingerprint: string
  plan: Record<string, unknown>
}

/** Where a plan lay is no part of what is golden. */
const DIRECTORY = '{{directory}}'

const golden = (name: string) => new URL(name, import.meta.url)

/** As a version of the form of stored plans has them; what is in `directory` stands for where they lay. */
export function goldenPlans(version: number, directory: string): GoldenPlan[] {
  const text = readFileSync(golden(version === 1 ? '0.1.0/plans.jsonl' : `plans.v${version}.jsonl`), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line.replaceAll(DIRECTORY, directory)) as GoldenPlan)
}

/** Writes what the plans name, and then each plan before it is read: one is called like the skill of the others. */
export function writeFiles(directory: string) {
  const files = JSON.parse(readFileSync(golden('0.1.0/files.json'), 'utf8')) as Record<string, string>
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
}

export async function prepareGolden({ file, text, overrides }: GoldenPlan, directory: string) {
  writeFileSync(join(directory, file), text)
  const { plan } = await loadPlan(join(directory, file), overrides)
  return prepare(plan, { checkSkills: false })
}

// Once for each version of the form of stored plans: what is here already is not touched.
if (import.meta.main) {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'golden-')))
  writeFiles(directory)
  const lines: string[] = []
  for (const before of goldenPlans(1, directory)) {
    const { plan, fingerprint } = await prepareGolden(before, directory)
    const { file, text, overrides } = before
    lines.push(JSON.stringify({ file, text, overrides, fingerprint, plan: JSON.parse(JSON.stringify(plan)) as object }).replaceAll(directory, DIRECTORY))
  }
  const target = golden(`plans.v${PLAN_VERSION}.jsonl`)
  if (!existsSync(target)) writeFileSync(target, `${lines.join('\n')}\n`, { flag: 'wx' })
  rmSync(directory, { recursive: true })
}
