import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { skillChanges, storedPrograms } from '../../src/host/skillChanges.ts'
import { prepare, type Prepared } from '../../src/host/prepare.ts'
import { openMemoryStore } from '../../src/persistence/memory.ts'
import { normalizePlan, type PlanInput } from '../../src/plan.ts'
import type { Report } from '../../src/report/report.ts'
import { textReport } from '../../src/report/text.ts'
import { openTroupe, type Troupe } from '../../src/troupe.ts'
import { batch } from '../persistence/contract/facts.ts'
import { until } from '../support/until.ts'

async function place(files: Record<string, string>) {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-changes-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const write = async (changed: Record<string, string>) => {
    for (const [name, text] of Object.entries(changed)) {
      await writeFile(join(directory, name), text)
      await chmod(join(directory, name), 0o755)
    }
  }
  await write(files)
  return { directory, write }
}

/** The old program waits in its fourth batch for ever. */
const MODULE = {
  'skill.mjs': `import { waits } from './prompt.mjs'
export default async (items, { batch, signal }) => {
  if (waits && batch === 3) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  return { results: items.map(() => 1), quality: { score: 0.9 } }
}
`,
  'prompt.mjs': 'export const waits = true\n',
}
const planOf = (skill: PlanInput['skill']): PlanInput => ({
  name: 'changing',
  skill,
  scenarios: { only: { size: 100, expectedQuality: 0.5 } },
})

/** Starts it, ends it after 30 items, and starts it again once it was changed. */
async function goOnAfter(
  troupe: Troupe,
  { plan, directory, change }: { plan: PlanInput; directory: string; change: () => Promise<unknown> },
) {
  const run = await troupe.start(plan, { id: 'changing', directory })
  await until('30 items of each scenario are confirmed', async () =>
    (await troupe.report(run.id)).scenarios.every(({ items, size }) => items === Math.min(30, size)),
  )
  await run.stop(0)
  await change()
  const next = await troupe.start(plan, { id: 'changing', directory })
  return { warnings: next.warnings, report: await next.result() }
}

const judged = ({ verdict, programs, scenarios }: Report) => ({ verdict: verdict.status, programs, ofScenario: scenarios[0]!.programs })

test('a file that the skill imports changes while the run is stopped: it is named, and quality is inconclusive (case 24)', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const { directory, write } = await place(MODULE)
  const change = () => write({ 'prompt.mjs': 'export const waits = false\n' })
  const { warnings, report } = await goOnAfter(troupe, { plan: planOf('./skill.mjs'), directory, change })
  expect(warnings).toEqual([
    `The file of skill "default" has changed since this run began: prompt.mjs (${join(directory, 'skill.mjs')}). Its version has not.`,
  ])
  expect(report.scenarios[0]).toMatchObject({ status: 'complete', items: 100, quality: 0.9 })
  expect(judged(report)).toEqual({
    verdict: 'inconclusive',
    programs: [{ variant: 'default', programs: 2, version: null, files: ['prompt.mjs'] }],
    ofScenario: 2,
  })
  expect(report.verdict.reasons[0]).toContain('two programs took part: prompt.mjs was changed in between')
  expect(textReport(report)).toMatch(/^two programs took part: prompt\.mjs was changed in between$/m)
})

test('scenarios of which one was done before a file changed are not compared by their size alone', async () => {
  const { directory, write } = await place(MODULE)
  for (const version of [undefined, '3']) {
    await using troupe = await openTroupe({ database: 'memory' })
    await write(MODULE)
    const plan: PlanInput = {
      ...planOf({ kind: 'function', module: './skill.mjs', version }),
      scenarios: { before: { size: 20 }, only: { size: 100 } },
    }
    const change = () => write({ 'prompt.mjs': 'export const waits = false\n' })
    const { report } = await goOnAfter(troupe, { plan, directory, change })
    expect(report.comparison.confounded).toEqual(version === undefined ? ['programs'] : [])
    const note = 'Besides size, scenarios differ in files of the skill: size alone does not explain a difference.'
    expect(textReport(report, { width: 200 }).includes(note)).toBe(version === undefined)
  }
})

test('a version that stays says that the programs are the same (case 24)', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const { directory, write } = await place(MODULE)
  const plan = planOf({ kind: 'function', module: './skill.mjs', version: '3' })
  const { warnings, report } = await goOnAfter(troupe, {
    plan,
    directory,
    change: () => write({ 'prompt.mjs': 'export const waits = false\n' }),
  })
  expect(warnings).toHaveLength(1)
  expect(judged(report)).toEqual({
    verdict: 'pass',
    programs: [{ variant: 'default', programs: 2, version: '3', files: ['prompt.mjs'] }],
    ofScenario: 2,
  })
  expect(textReport(report, { width: 200 })).toMatch(
    /^two programs took part: prompt\.mjs was changed in between; by their version, 3, they count as the same$/m,
  )
})

/** A run that 0.1.0 or this version has begun, without processes. */
async function begun(
  plan: PlanInput,
  directory: string,
  skillVersions?: (now: Prepared['skillVersions']) => Record<string, string | null>,
) {
  const store = openMemoryStore({ clock: systemClock })
  const prepared = () => prepare(normalizePlan(plan, { directory }), { checkSkills: false })
  const now = await prepared()
  const row = {
    id: 'begun',
    name: 'begun',
    plan: {},
    fingerprint: 'f',
    skillVersions: skillVersions?.(now.skillVersions) ?? now.skillVersions,
  }
  const run = await store.create(row)
  let next = 0
  return {
    store,
    run,
    confirm: () => store.journal.append(run, [batch({ variant: 'default', scenario: 'only', batch: next, from: 10 * next++ })]),
    /** @returns the warnings. */
    async goOn() {
      const { warnings, facts } = await skillChanges(store, (await store.get('begun'))!, await prepared(), 1)
      if (facts.length > 0) await store.journal.append(run, facts)
      return { warnings, noted: facts.length }
    },
    programs: async () =>
      new Set((await storedPrograms(store, 'begun')).flatMap(({ scenarios }) => scenarios.map(({ program }) => program))),
  }
}

test('a run whose files stay as they are stores nothing and warns of nothing', async () => {
  const { directory } = await place(MODULE)
  const { goOn, programs } = await begun(planOf('./skill.mjs'), directory)
  expect(await goOn()).toEqual({ warnings: [], noted: 0 })
  expect(await programs()).toEqual(new Set())
})

test('a program that confirmed nothing did not take part, and one that came back is no third', async () => {
  const { directory, write } = await place(MODULE)
  const { goOn, confirm, programs } = await begun(planOf('./skill.mjs'), directory)
  await write({ 'prompt.mjs': 'mended' })
  expect(await goOn()).toMatchObject({ noted: 1 })
  await confirm()
  expect(await programs()).toEqual(new Set([1]))
  expect(await goOn(), 'the warning stays').toMatchObject({ warnings: [expect.stringContaining(': prompt.mjs (')], noted: 0 })
  await write({ 'prompt.mjs': MODULE['prompt.mjs'] })
  await goOn()
  await confirm()
  expect(await programs()).toEqual(new Set([1, 0]))
  await write({ 'prompt.mjs': 'mended' })
  await goOn()
  await confirm()
  expect(await programs()).toEqual(new Set([1, 0]))
})

const PLACE = { variant: 'default', scenario: 'only', repetition: 1, round: 1, batch: 0 }
const KEPT = { kind: 'kept', ...PLACE, results: '{"0":1}', errors: '{}', figures: '{}' } as const

test('results of a batch that is not settled were made by the program before', async () => {
  const { directory, write } = await place(MODULE)
  const { store, run, goOn, confirm, programs } = await begun(planOf('./skill.mjs'), directory)
  await store.journal.append(run, [KEPT])
  await write({ 'prompt.mjs': 'mended' })
  await goOn()
  await confirm()
  expect(await programs()).toEqual(new Set([0, 1]))
})

test('a run that 0.1.0 began: the main file is compared, what it imports is known from then on', async () => {
  const { directory, write } = await place(MODULE)
  const { goOn, confirm, programs } = await begun(
    planOf({ kind: 'function', module: './skill.mjs', version: 'a#1' }),
    directory,
    (now) => ({
      default: `a#1#${now.default!.files[0]![1]}`,
    }),
  )
  await confirm()
  expect(await goOn()).toEqual({ warnings: [], noted: 1 })
  await confirm()
  expect(await programs()).toEqual(new Set())
  expect(await goOn()).toEqual({ warnings: [], noted: 0 })
  await write({ 'prompt.mjs': 'changed' })
  expect((await goOn()).warnings[0]).toContain(': prompt.mjs (')
  await confirm()
  expect(await programs()).toEqual(new Set([0, 1]))
})

test('a run that 0.1.0 began, and its main file has changed since', async () => {
  const { directory } = await place(MODULE)
  const { goOn, confirm, programs } = await begun(planOf('./skill.mjs'), directory, () => ({ default: '#0123456789abcdef' }))
  await confirm()
  expect((await goOn()).warnings[0]).toContain('The file of skill "default" has changed since this run began: skill.mjs (')
  await confirm()
  expect(await programs()).toEqual(new Set([0, 1]))
})

test.for([
  ['a script that is the program', ['./score.sh'], 'score.sh'],
  ['a script of the shell', './score.sh --all', 'score.sh'],
  ['a script of Node', ['node', 'score.mjs'], 'score.mjs'],
  ['what a script of Node imports', ['node', 'score.mjs'], 'part.mjs'],
  ['a script that a shell in a list is given', ['sh', '-c', './score.sh | cat'], 'score.sh'],
] as const)('a command is compared by its files: %s (case 24)', async ([, command, file]) => {
  const { directory, write } = await place({ 'score.sh': 'cat', 'score.mjs': "import './part.mjs'", 'part.mjs': '' })
  const { goOn } = await begun(planOf({ kind: 'command', command: typeof command === 'string' ? command : [...command] }), directory)
  expect(await goOn()).toEqual({ warnings: [], noted: 0 })
  await write({ [file]: 'changed' })
  const { warnings } = await goOn()
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatch(/^(The file|Files) of skill "default" ha(s|ve) changed since this run began: /)
  expect(warnings[0]).toContain(file)
})

test('a command that 0.1.0 knew by its first file, or by none', async () => {
  const { directory } = await place({ 'score.sh': 'cat', 'notes.txt': 'notes' })
  const list = await begun(planOf({ kind: 'command', command: ['./score.sh', 'notes.txt'] }), directory, (now) => ({
    default: `#${now.default!.files[0]![1]}`,
  }))
  expect(await list.goOn()).toEqual({ warnings: [], noted: 1 })
  const shell = await begun(planOf({ kind: 'command', command: './score.sh' }), directory, () => ({ default: '#' }))
  expect(await shell.goOn()).toEqual({ warnings: [], noted: 1 })
})
