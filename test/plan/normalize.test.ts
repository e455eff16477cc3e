import { expect, test } from 'vitest'
import { normalizePlan, type PlanOverrides } from '../../src/plan.ts'
import { directoryWith } from './directory.ts'

const skill = './skill.mjs'

function plan(written: object = {}, overrides: PlanOverrides = {}) {
  return normalizePlan({ name: 'x', skill, ...written }, { directory: directoryWith({ 'a.jsonl': '{}\n' }), overrides })
}

const sizes = (written: object, overrides?: PlanOverrides) => plan(written, overrides).scenarios.map(({ name, size }) => [name, size])

test('the shortest plan gets every default', () => {
  const { directory, workers, variants, scenarios, ...rest } = plan()
  expect(variants).toEqual({
    default: { kind: 'function', module: `${directory}/skill.mjs`, export: 'default', isolation: 'process', version: null, params: {} },
  })
  expect(workers.max).toBeGreaterThanOrEqual(8)
  expect(scenarios).toHaveLength(3)
  expect(rest).toEqual({
    name: 'x',
    written: { plan: { name: 'x', skill: './skill.mjs' }, scenarios: null, variants: null, overrides: {} },
    input: { kind: 'generator', generator: 'uniform', seed: 1 },
    sync: { mode: 'free', at: [30, 70, 100], stepPct: 10, timeoutMs: 30_000 },
    milestones: [0, 30, 50, 70, 90, 100],
    order: 'parallel',
    warmupBatches: 1,
    repetitions: 1,
    retry: { attempts: 3, backoffMs: 200, factor: 2, maxMs: 10_000, jitter: 0.5, on: ['transient'] },
    breaker: {
      threshold: 3,
      weights: { critical: 1, recoverable: 1, transient: 0.5, ignored: 0, slow: 0.5 },
      cooldownMs: 30_000,
      backoff: 2,
      maxCooldownMs: 300_000,
      jitter: 0.1,
      probes: 1,
      maxRecoveryAttempts: 5,
      windowMs: null,
      windowCount: null,
      minimumCalls: 0,
      slowCallMs: null,
    },
    recovery: { attempts: 1 },
    classify: null,
    chaos: null,
    functions: [],
    durability: 'batch',
    window: 4,
    maxResultBytes: 16_777_216,
    shutdownMs: 5_000,
    graceMs: 1_000,
    secrets: [],
    expects: null,
    profileExpects: 'n',
    preset: 'controlled',
    scaling: 'exponential',
    synthesize: null,
  })
})

test('controlled changes size and its label, and nothing else (first hour 2)', () => {
  const same = {
    input: { kind: 'generator', generator: 'uniform', seed: 1 },
    batchSize: 10,
    parallel: 1,
    timeBudgetMs: null,
    batchTimeoutMs: 30_000,
    memoryLimitMb: 1024,
    errorTolerance: 0.05,
    expectedQuality: null,
    metrics: ['accuracy', 'coverage'],
    params: {},
  }
  expect(plan().scenarios).toEqual([
    { ...same, name: 'simple', size: 100, multiplier: 1, difficulty: 'easy' },
    { ...same, name: 'medium', size: 300, multiplier: 3, difficulty: 'intermediate' },
    { ...same, name: 'complex', size: 800, multiplier: 8, difficulty: 'advanced' },
  ])
})

test('a time budget may be written, and taken away', () => {
  expect(plan({ scenarios: { a: { size: 5, timeBudgetMs: 7 } } }).scenarios).toMatchObject([{ timeBudgetMs: 7 }])
  expect(plan({ preset: 'classic', scenarios: { simple: { timeBudgetMs: null } } }).scenarios).toMatchObject([{ timeBudgetMs: null }])
})

test('classic is the three-tier table', () => {
  const { scenarios } = plan({ preset: 'classic' })
  const rows = scenarios.map((s) => [
    s.name,
    s.difficulty,
    s.size,
    s.input.kind === 'generator' && s.input.generator,
    s.batchSize,
    s.timeBudgetMs,
    s.memoryLimitMb,
    s.errorTolerance,
    s.parallel,
    s.expectedQuality,
    s.metrics.join(),
    s.params,
  ])
  const params = { cacheEnabled: true }
  expect(rows).toEqual([
    ['simple', 'easy', 100, 'uniform', 10, 30_000, 256, 0, 1, 0.6, 'accuracy,coverage', params],
    ['medium', 'intermediate', 300, 'uniform', 50, 90_000, 512, 0.05, 1, 0.8, 'accuracy,coverage', params],
    ['complex', 'advanced', 800, 'skewed', 100, 300_000, 1024, 0.1, 4, 0.9, 'accuracy,coverage,latency', params],
  ])
})

test('what is written goes before the preset: in a scenario, then in the plan', () => {
  const { scenarios } = plan({
    preset: 'classic',
    batchSize: 7,
    input: { seed: 9 },
    scenarios: {
      simple: {},
      medium: { batchSize: 3, params: { depth: 2 } },
      complex: { parallel: 2, expectedQuality: 'good', input: { generator: 'zipf' } },
    },
  })
  expect(scenarios.map((s) => s.batchSize)).toEqual([7, 3, 7])
  expect(scenarios.map((s) => s.parallel)).toEqual([1, 1, 2])
  expect(scenarios[1]!.params).toEqual({ cacheEnabled: true, depth: 2 })
  expect(scenarios[2]!.expectedQuality).toBe(0.8)
  expect(scenarios.map((s) => s.input)).toEqual([
    { kind: 'generator', generator: 'uniform', seed: 9 },
    { kind: 'generator', generator: 'uniform', seed: 9 },
    { kind: 'generator', generator: 'zipf', seed: 9, exponent: 1.1 },
  ])
})

test('a scenario of another generator leaves the exponent of the plan behind', () => {
  const scenarios = { a: { size: 1, input: { seed: 2 } }, b: { size: 2, input: { generator: 'skewed' } } }
  expect(plan({ input: { generator: 'zipf', exponent: 1.5 }, scenarios }).scenarios.map((s) => s.input)).toEqual([
    { kind: 'generator', generator: 'zipf', seed: 2, exponent: 1.5 },
    { kind: 'generator', generator: 'skewed', seed: 1 },
  ])
})

test.each([
  ['linear', [100, 300, 800], 'n'],
  ['exponential', [100, 300, 800], 'n'],
  ['quadratic', [100, 300, 800], 'n^2'],
  ['performance-testing', [10, 30, 80], 'n'],
  ['security-scanning', [20, 100, 500], '<n'],
  ['data-transformation', [100, 200, 300], 'n^2'],
  ['ladder', [100, 200, 400, 800, 1600, 3200, 6400], null],
])('profile %s', (scaling, expected, profileExpects) => {
  const normal = plan({ scaling })
  expect(normal.scenarios.map((s) => s.size)).toEqual(expected)
  expect(normal.profileExpects).toBe(profileExpects)
  expect(normal.expects).toBeNull()
})

test('linear adds where exponential multiplies', () => {
  expect(sizes({ scaling: 'linear', baseSize: 10 })).toEqual([
    ['simple', 10],
    ['medium', 210],
    ['complex', 710],
  ])
  expect(sizes({ scaling: 'exponential', baseSize: 10 })).toEqual([
    ['simple', 10],
    ['medium', 30],
    ['complex', 80],
  ])
})

test('sizes of your own are named by number', () => {
  expect(sizes({ scaling: { sizes: [5, 50, 500] } })).toEqual([
    ['simple', 5],
    ['medium', 50],
    ['complex', 500],
  ])
  expect(sizes({ scaling: { sizes: [5, 5, 50, 500] } })).toEqual([
    ['size-5', 5],
    ['size-5-2', 5],
    ['size-50', 50],
    ['size-500', 500],
  ])
  expect(plan({ scaling: { sizes: [1, 2], expects: 'nlogn' } })).toMatchObject({
    scaling: 'custom',
    profileExpects: 'nlogn',
    expects: 'nlogn',
  })
})

test('scenarios without sizes take those of the profile, by name, then by place', () => {
  expect(sizes({ scenarios: { small: {}, big: {}, huge: {} } })).toEqual([
    ['small', 100],
    ['big', 300],
    ['huge', 800],
  ])
  expect(sizes({ scenarios: { simple: {}, complex: {} } })).toEqual([
    ['simple', 100],
    ['complex', 800],
  ])
  expect(sizes({ baseSize: 40, scenarios: { a: { size: 7 }, b: { multiplier: 2.5 } } })).toEqual([
    ['a', 7],
    ['b', 100],
  ])
})

test('scenarios of your own take presets by place', () => {
  const { scenarios } = plan({ preset: 'classic', scaling: { sizes: [1, 2, 3, 4] } })
  expect(scenarios.map((s) => s.memoryLimitMb)).toEqual([256, 512, 512, 1024])
})

test('--limit cuts every scenario, whatever sizes the plan writes (first hour, missed 3)', () => {
  expect(sizes({}, { limit: 120 })).toEqual([
    ['simple', 100],
    ['medium', 120],
    ['complex', 120],
  ])
  expect(plan({ scenarios: { a: { size: 40 } } }, { limit: 10 }).scenarios).toMatchObject([{ size: 10, multiplier: 0.1 }])
  expect(sizes({ scenarios: { a: { size: 4 } } }, { ladder: true, size: 10, limit: 25 }).map(([, size]) => size)).toEqual([
    10, 20, 25, 25, 25, 25, 25,
  ])
  expect(() => plan({}, { limit: 0 })).toThrow('--limit: found 0, expected a whole number from 1 to')
})

test('the command line changes the plan', () => {
  expect(sizes({}, { size: 10 })).toEqual([
    ['simple', 10],
    ['medium', 30],
    ['complex', 80],
  ])
  expect(sizes({}, { only: ['complex', 'simple'] })).toEqual([
    ['simple', 100],
    ['complex', 800],
  ])
  expect(plan({}, { sync: 'lockstep' }).sync.mode).toBe('lockstep')
  expect(plan({}, { order: 'serial' }).order).toBe('serial')
  const ladder = plan({ sync: { mode: 'milestone' }, scenarios: { a: { size: 4 } } }, { ladder: true, size: 5 })
  expect(ladder).toMatchObject({ order: 'serial', repetitions: 2, sync: { mode: 'free' } })
  expect(ladder.scenarios.map(({ name, size }) => [name, size])).toEqual([
    ['x1', 5],
    ['x2', 10],
    ['x4', 20],
    ['x8', 40],
    ['x16', 80],
    ['x32', 160],
    ['x64', 320],
  ])
})

test('variants, inputs and synthesize are found from the plan', () => {
  const normal = plan({
    skill: undefined,
    variants: {
      fast: skill,
      slow: { kind: 'function', module: skill, export: 'slow', isolation: 'inline', version: 2, params: { depth: 3 } },
    },
    input: { file: 'a.jsonl' },
    scenarios: { only: { size: 4, input: { module: skill } } },
    synthesize: { module: skill },
    expects: 1,
    milestones: [25, 60],
  })
  const at = (name: string) => `${normal.directory}/${name}`
  expect(normal.variants.slow).toEqual({
    kind: 'function',
    module: at('skill.mjs'),
    export: 'slow',
    isolation: 'inline',
    version: '2',
    params: { depth: 3 },
  })
  expect(normal.input).toEqual({ kind: 'file', file: at('a.jsonl') })
  expect(normal.scenarios[0]!.input).toEqual({ kind: 'module', module: at('skill.mjs'), export: 'default' })
  expect(normal.synthesize).toEqual({ module: at('skill.mjs'), export: 'default' })
  expect(normal.expects).toBe('1')
  expect(normal.milestones).toEqual([0, 25, 60, 100])
})

test('a normal plan is flat JSON', () => {
  const normal = plan({ preset: 'classic', synthesize: () => 1 })
  expect(normal.synthesize).toBeNull()
  expect(JSON.parse(JSON.stringify(normal))).toStrictEqual(normal)
})
