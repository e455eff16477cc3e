import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PlanConflictError } from '../../src/errors.ts'
import { openTroupe } from '../../src/troupe.ts'
import { releasedDatabase } from '../golden/released.ts'

const RUN = 'released-0x1y2z3w'
const SIZES: Record<string, number> = { simple: 20, medium: 60, complex: 120 }

/** The run that 0.1.0 began and that was killed: where each scenario stood. `shaky` had a breaker that was open, and one failed batch each. */
const STOOD: Record<string, number> = {
  ...{ 'steady/simple': 15, 'steady/medium': 30, 'steady/complex': 85 },
  ...{ 'shaky/simple': 15, 'shaky/medium': 15, 'shaky/complex': 15 },
}

const NOT_CALLED = Object.entries(STOOD).flatMap(([address, stood]) =>
  Array.from({ length: (SIZES[address.split('/')[1]!]! - stood) / 5 }, (_, i) => `${address}/${stood + i * 5}`),
)

interface Project {
  url: string
  directory: string
}

/** What the skill was called with, `VARIANT/SCENARIO/FROM`, from now on: it is healthy, and holds nothing back. */
function callsIn({ directory }: Project) {
  writeFileSync(join(directory, 'go'), '')
  const file = join(directory, 'calls.jsonl')
  return () =>
    (existsSync(file) ? readFileSync(file, 'utf8') : '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { variant: string; scenario: string; from: number; key: string })
}

const planOf = ({ directory }: Project) => join(directory, 'plan.yaml')

function rewrite(project: Project, ...changes: [from: string, to: string][]) {
  const before = readFileSync(planOf(project), 'utf8')
  const after = changes.reduce((text, [from, to]) => {
    expect(text).toContain(from)
    return text.replace(from, to)
  }, before)
  writeFileSync(planOf(project), after)
}

test.each<[string, (project: Project) => void, 'start' | 'id' | 'resume']>([
  ['by its plan', () => {}, 'start'],
  ['by its id', () => {}, 'id'],
  ['resumed without its plan', () => {}, 'resume'],
  [
    'with other limits, retries, breaker and milestones',
    (project) =>
      rewrite(
        project,
        ['errorTolerance: 0.5', 'errorTolerance: 0.3, timeBudgetMs: 60000, memoryLimitMb: 900'],
        ['attempts: 2', 'attempts: 5'],
        ['threshold: 3', 'threshold: 4'],
        ['name: released', 'name: released\nmilestones: [20, 40, 80]\nwarmupBatches: 0\ndurability: exit\nsecrets: [HOME]'],
      ),
    'start',
  ],
  [
    'with what it came to written out',
    (project) =>
      rewrite(
        project,
        ['name: released', 'name: released\nparallel: 1\norder: parallel\nrepetitions: 1\npreset: controlled'],
        ['difficulty: hard', 'difficulty: hard, input: { generator: uniform, seed: 1 }'],
      ),
    'start',
  ],
])('a run that 0.1.0 began, and that was killed, goes on %s: no stored batch is called again', async (_title, change, how) => {
  const project = await releasedDatabase('killedRun')
  const calls = callsIn(project)
  change(project)
  await using troupe = await openTroupe({ database: project.url })
  const run = how === 'resume' ? await troupe.resume(RUN) : await troupe.start(planOf(project), how === 'id' ? { id: RUN } : {})
  expect(run).toMatchObject({ id: RUN, resumed: true })
  const report = await run.result()

  expect(
    calls()
      .map(({ variant, scenario, from }) => `${variant}/${scenario}/${from}`)
      .toSorted(),
  ).toEqual(NOT_CALLED.toSorted())
  // The batch that was in flight has the key that it had.
  expect(calls().map(({ key }) => key)).toContain(`${RUN}/steady/medium/1/30-35`)
  expect(report).toMatchObject({ status: 'complete', partial: false })
  const settled = report.scenarios.map(({ variant, name, items, itemsFailed }) => [`${variant}/${name}`, items, itemsFailed])
  // The database of 0.1.0 has not kept the order of the variants.
  expect(how === 'resume' ? [...settled.slice(3), ...settled.slice(0, 3)] : settled).toEqual([
    ['steady/simple', 20, 0],
    ['steady/medium', 60, 0],
    ['steady/complex', 120, 0],
    ['shaky/simple', 15, 5],
    ['shaky/medium', 55, 5],
    ['shaky/complex', 115, 5],
  ])
  const twice = await project.query`
    select variant, scenario, from_item from troupe.batches where run = ${RUN} group by variant, scenario, from_item having count(*) > 1`
  expect([...twice]).toEqual([])
  const [row] = await project.query`select plan_version, status from troupe.runs where id = ${RUN}`
  expect(row).toEqual({ plan_version: 1, status: 'complete' })
})

test('another plan neither goes on with it, by its id, nor finds it', async () => {
  const project = await releasedDatabase('killedRun')
  callsIn(project)
  rewrite(project, ['size: 60', 'size: 65'], ['name: released', 'name: released\nrepetitions: 2'])
  await using troupe = await openTroupe({ database: project.url })
  const refused = await troupe.start(planOf(project), { id: RUN }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(PlanConflictError)
  expect((refused as Error).message.split('\n  ').slice(1).toSorted()).toEqual([
    'repetitions: was 1, is 2',
    'scenarios.medium.size: was 60, is 65',
  ])
  const other = await troupe.start(planOf(project))
  expect(other.id).not.toBe(RUN)
  await other.stop(0)
})

test('every view of a run of 0.1.0 works before it goes on, and a fork of it goes on too', async () => {
  const project = await releasedDatabase('killedRun')
  const calls = callsIn(project)
  await using troupe = await openTroupe({ database: project.url })
  const view = await troupe.show(RUN)
  expect(
    Object.fromEntries(Object.entries(view.scenarios).map(([address, { repetitions }]) => [address, repetitions[0]!.settled])),
  ).toEqual(STOOD)
  expect(view.breakers.shaky).toMatchObject({ status: 'open', generation: 1 })
  const { partial, scenarios } = await troupe.report(RUN)
  expect(partial).toBe(true)
  expect(Object.fromEntries(scenarios.map(({ variant, name, items, itemsFailed }) => [`${variant}/${name}`, items + itemsFailed]))).toEqual(
    STOOD,
  )
  const followed = await troupe.attach(RUN)
  await followed.pause('steady/medium')
  expect((await troupe.show(RUN)).row.status).toBe('running')

  const fork = await troupe.fork(RUN, { at: view.sequence })
  const [row] = await project.query`select plan_version from troupe.runs where id = ${fork}`
  expect(row).toEqual({ plan_version: 1 })
  const run = await troupe.resume(fork)
  expect(await run.result()).toMatchObject({ status: 'complete' })
  expect(
    calls()
      .map(({ variant, scenario, from }) => `${variant}/${scenario}/${from}`)
      .toSorted(),
  ).toEqual(NOT_CALLED.toSorted())
})

test('a run of this version stores its plan in its form, and goes on by it', async () => {
  const project = await releasedDatabase('endedRuns')
  callsIn(project)
  await using troupe = await openTroupe({ database: project.url })
  const run = await troupe.start(planOf(project))
  // What 0.1.0 ended is not gone on with.
  expect(run.resumed).toBe(false)
  await run.stop(0)
  const [row] =
    await project.query`select plan_version, fingerprint, plan -> 'written' -> 'scenarios' as scenarios from troupe.runs where id = ${run.id}`
  expect(row).toMatchObject({ plan_version: 2, scenarios: ['simple', 'medium', 'complex'] })
  const again = await troupe.resume(run.id)
  const report = await again.result()
  expect(report.scenarios.map(({ variant, name }) => `${variant}/${name}`)).toEqual(Object.keys(STOOD))
})
