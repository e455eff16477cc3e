import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { SimulatedClock } from 'xstate'
import { beginning, continuation } from '../../src/host/continuation.ts'
import { prepare } from '../../src/host/prepare.ts'
import { PLAN_VERSION, storedFingerprint, storedPlan } from '../../src/host/storedPlan.ts'
import { openMemoryStore } from '../../src/persistence/memory.ts'
import type { RunRow } from '../../src/persistence/store.ts'
import { sameCalls, type Plan } from '../../src/plan.ts'
import { goldenPlans, prepareGolden, writeFiles, type GoldenPlan } from '../golden/goldenPlans.ts'

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'golden-plans-')))
afterAll(() => rmSync(directory, { recursive: true }))
writeFiles(directory)

const VERSIONS = Array.from({ length: PLAN_VERSION }, (_, i) => i + 1)
const everything = VERSIONS.flatMap((version) => goldenPlans(version, directory).map((golden) => ({ ...golden, version })))

const rowOf = (golden: GoldenPlan & { version: number }): RunRow => ({
  ...{ id: 'golden', name: String(golden.plan.name), plan: golden.plan, planVersion: golden.version, fingerprint: golden.fingerprint },
  ...{
    skillVersions: {},
    status: 'running',
    reason: null,
    epoch: 1,
    owner: null,
    createdAt: 0,
    startedAt: 0,
    finishedAt: null,
    report: null,
  },
})

/** The way to every value, without what is in lists and records of the user's own names. */
function pathsIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((each) => pathsIn(each, `${path}[]`)))]
  if (typeof value !== 'object' || value === null || /params|headers|env|exitCodes|written|body|result/.test(path)) return [path]
  return Object.entries(value).flatMap(([key, each]) => pathsIn(each, path === '.variants' ? '.variants.NAME' : `${path}.${key}`))
}

describe.each(everything)('version $version, $file', (golden) => {
  const row = rowOf(golden)

  test('its plan makes the calls of the stored one, and goes on with it', async () => {
    const given = await prepareGolden(golden, directory)
    const stored = storedPlan(row)
    expect(
      sameCalls(stored, given.plan),
      'A default that decides which calls are made has changed. Runs that 0.1.0 began are found by what their plans come to: ' +
        'bring a table of its defaults, and compare with what the plan comes to by them (docs/decisions/0021).',
    ).toBe(true)
    const plan = await continuation(row, given)
    expect(plan.scenarios.map(({ name, size, batchSize, params, input }) => ({ name, size, batchSize, params, input }))).toEqual(
      stored.scenarios.map(({ name, size, batchSize, params, input }) => ({ name, size, batchSize, params, input })),
    )
  })

  test('its fingerprint is still the one that was stored', async () => {
    const stored = storedPlan(row)
    const { inputHash } = await prepare(stored, { checkSkills: false })
    expect(storedFingerprint(row, stored, inputHash)).toBe(golden.fingerprint)
  })
})

describe.each(everything.filter(({ version }) => version === PLAN_VERSION))('$file', (golden) => {
  test('has the fingerprint that it always had', async () => {
    const { fingerprint } = await prepareGolden(golden, directory)
    expect(fingerprint).toBe(golden.fingerprint)
  })

  test('is stored in the form that its version has', async () => {
    const { plan } = await prepareGolden(golden, directory)
    expect(
      [...new Set(pathsIn(JSON.parse(JSON.stringify(plan))))].toSorted(),
      'A stored plan has other keys than its version has. If that version is released, raise PLAN_VERSION and bring an upcast (src/host/storedPlan.ts). ' +
        'If not, delete test/golden/plans.vN.jsonl. Then: npx node test/golden/goldenPlans.ts',
    ).toEqual([...new Set(pathsIn(golden.plan))].toSorted())
  })
})

test('a plan is begun by none of the others', async () => {
  const store = openMemoryStore({ clock: new SimulatedClock() })
  for (const [i, golden] of everything.entries()) {
    const { name, plan, planVersion, fingerprint, skillVersions } = rowOf(golden)
    await store.create({ id: `run-${i}`, name, plan, planVersion, fingerprint, skillVersions })
  }
  for (const [i, golden] of everything.entries()) {
    const found = await beginning(store, await prepareGolden(golden, directory), { unfinished: true })
    const at = Number(found?.id.slice('run-'.length))
    expect(everything[at]).toMatchObject({ file: golden.file, text: golden.text })
    expect(at).toBeGreaterThanOrEqual(i)
  }
})

test('a run begun under other defaults is found, and goes on with those of then', async () => {
  const golden = goldenPlans(2, directory).find(({ file }) => file === 'shortest.json')!
  const given = await prepareGolden(golden, directory)
  // As if the base size had been 50, batches of 7 items, and the time budget of today another.
  const then: Plan = {
    ...given.plan,
    scenarios: given.plan.scenarios.map((each) => ({
      ...each,
      size: each.size / 2,
      batchSize: 7,
      params: { old: true },
      batchTimeoutMs: 1,
    })),
    sync: { ...given.plan.sync, mode: 'lockstep' },
  }
  const store = openMemoryStore({ clock: new SimulatedClock() })
  const { fingerprint } = await prepare(then, { checkSkills: false })
  expect(fingerprint).not.toBe(given.fingerprint)
  await store.create({ id: 'then', name: 'x', plan: then, planVersion: 2, fingerprint, skillVersions: {} })

  const found = await beginning(store, given, { unfinished: true })
  expect(found?.id).toBe('then')
  const plan = await continuation(found!, given)
  expect(plan.scenarios.map(({ size, batchSize, params, batchTimeoutMs }) => [size, batchSize, params, batchTimeoutMs])).toEqual([
    [50, 7, { old: true }, 30_000],
    [150, 7, { old: true }, 30_000],
    [400, 7, { old: true }, 30_000],
  ])
  expect(plan.sync.mode).toBe('lockstep')
})

test.each(VERSIONS)('a plan of version %i that lies elsewhere now goes on there', async (version) => {
  for (const golden of goldenPlans(version, '/somewhere/else')) {
    const plan = await continuation(rowOf({ ...golden, version }), await prepareGolden(golden, directory))
    expect(plan.directory).toBe(directory)
    expect(JSON.stringify(plan)).not.toContain('/somewhere/else')
  }
})

test('a plan of 0.1.0 whose items have changed begins another run', async () => {
  const [golden] = goldenPlans(1, directory).filter(({ file }) => file === 'command.json')
  const row = rowOf({ ...golden!, version: 1, fingerprint: 'f'.repeat(64) })
  await expect(continuation(row, await prepareGolden(golden!, directory))).rejects.toThrow(
    'was started with other items: its input is not as it was',
  )
})

test('conflicts speak of what was written, and of what a plan of 0.1.0 came to', async () => {
  const changed = (version: number) => {
    const [golden] = goldenPlans(version, directory).filter(({ file }) => file === 'ladder.json')
    return { golden: { ...golden!, text: golden!.text.replace('"repetitions":3', '"repetitions":4') }, row: rowOf({ ...golden!, version }) }
  }
  const [first, second] = [changed(1), changed(2)]
  await expect(continuation(first.row, await prepareGolden(first.golden, directory))).rejects.toThrow('repetitions: was 3, is 4')
  await expect(continuation(second.row, await prepareGolden(second.golden, directory))).rejects.toThrow('repetitions: was 3, is 4')
  expect(second.golden.text).toContain('"repetitions":4')
})

describe('a stored plan', () => {
  const [golden] = goldenPlans(1, directory)
  const row = rowOf({ ...golden!, version: 1 })

  test('of a newer version is refused, and nothing is found by it', async () => {
    const newer = { ...row, planVersion: PLAN_VERSION + 1 }
    expect(() => storedPlan(newer)).toThrow(
      `The plan of run "golden" is stored in version ${PLAN_VERSION + 1}, this troupe knows versions up to ${PLAN_VERSION}`,
    )
    const store = openMemoryStore({ clock: new SimulatedClock() })
    await store.create({ ...newer, id: 'newer' })
    expect(await beginning(store, { ...(await prepareGolden(golden!, directory)), fingerprint: 'other' }, { unfinished: true })).toBeNull()
  })

  test.each([
    [{}, 'variants'],
    [{ ...row.plan, scenarios: [] }, 'scenarios'],
    [{ ...row.plan, workers: null }, 'workers'],
  ])('that is none is said to be damaged', (plan, at) => {
    expect(() => storedPlan({ ...row, plan })).toThrow('The stored plan of run "golden" is damaged: ')
    expect(() => storedPlan({ ...row, plan })).toThrow(at === 'variants' ? /name|variants/ : at)
  })

  test('of 0.1.0 before it named functions has none', () => {
    const { functions: _none, chaos: _neither, ...earlier } = row.plan as Record<string, unknown>
    expect(storedPlan({ ...row, plan: earlier })).toMatchObject({ functions: [], chaos: null, written: null })
  })
})
