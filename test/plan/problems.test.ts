import { expect, test } from 'vitest'
import { PlanError } from '../../src/errors.ts'
import { normalizePlan, type PlanOverrides } from '../../src/plan.ts'
import { directoryWith } from './directory.ts'

const skill = './skill.mjs'

function errorOf(written: unknown, overrides: PlanOverrides = {}): PlanError {
  try {
    normalizePlan(written, { directory: directoryWith(), file: 'plan.yaml', overrides })
  } catch (error) {
    if (error instanceof PlanError) return error
    throw error
  }
  throw new Error('accepted')
}

const problems = (written: object, overrides?: PlanOverrides) =>
  errorOf({ name: 'x', skill, ...written }, overrides).problems.map(({ path, message }) => `${path}: ${message}`)

test('everything that is wrong is said at once', () => {
  const error = errorOf({
    name: 'Not Valid',
    skill,
    order: 'serial',
    baseSize: 0,
    thresholds: [],
    sync: { mode: 'lockstep', at: [70, 30] },
    scenarios: { simple: { size: 1, batchSize: 'ten', batchsize: 3 } },
  })
  expect(error).toMatchObject({ name: 'PlanError', code: 'PLAN_INVALID', exitCode: 2 })
  expect(error.message.split('\n  ').toSorted()).toEqual([
    'plan.yaml baseSize: found 0, expected a whole number from 1 to 2147483647',
    'plan.yaml has 7 problems:',
    'plan.yaml name: found "Not Valid", expected a name of at most 63 lower-case letters, digits and hyphens that starts with a letter or digit',
    'plan.yaml order: serial order with sync lockstep: scenarios that run one after the other cannot wait for each other; expected sync free',
    'plan.yaml scenarios.simple.batchSize: found "ten", expected a whole number from 1 to 1000000',
    'plan.yaml scenarios.simple.batchsize: unknown key; did you mean batchSize?',
    'plan.yaml sync.at[1]: found 30 after 70, expected increasing values',
    'plan.yaml thresholds: not supported by this version',
  ])
})

test.each([0, -5, 1.5, 1e16, Number.NaN, Infinity, '7', null, true])('size %s is impossible', (size) => {
  const found = errorOf({ name: 'x', skill, scenarios: { a: { size } } }).problems
  expect(found.map(({ path }) => path)).toEqual(['scenarios.a.size'])
  expect(found[0]!.message).toMatch(/^found .*, expected a whole number from 1 to 2147483647$/)
})

test('the largest size is said to those who pass it', () => {
  expect(problems({ scenarios: { a: { size: 2 ** 31 } } })).toEqual([
    'scenarios.a.size: found 2147483648, expected a whole number from 1 to 2147483647',
  ])
})

test.each<[string, object, string[]]>([
  [
    'no name',
    { name: undefined },
    ['name: missing, expected a name of at most 63 lower-case letters, digits and hyphens that starts with a letter or digit'],
  ],
  ['no skill', { skill: undefined }, ['skill: missing, expected the path of a module such as "./skill.mjs", an object, or variants']],
  ['skill and variants', { variants: { a: skill } }, ['variants: found beside skill, expected one of the two']],
  ['no variant', { skill: undefined, variants: {} }, ['variants: found none, expected at least one skill']],
  [
    'another kind of skill',
    { skill: { kind: 'htpp', url: 'http://a' } },
    ['skill.kind: found "htpp", expected one of "function", "http", "command"; did you mean http?'],
  ],
  [
    'a key of another kind of skill',
    { skill: { kind: 'http', module: skill } },
    [
      'skill.url: missing, expected a non-empty string',
      'skill.module: unknown key, expected one of kind, url, mode, method, headers, body, result, concurrency, version, params',
    ],
  ],
  [
    'a slip in a skill',
    { skill: { kind: 'function', modul: skill } },
    ['skill.module: missing, expected the path of a module', 'skill.modul: unknown key; did you mean module?'],
  ],
  ['a slip in an input', { input: { fil: 'a.csv' } }, ['input.fil: unknown key; did you mean file?']],
  [
    'an unknown generator',
    { input: { generator: 'unifrom' } },
    ['input.generator: found "unifrom", expected one of "uniform", "skewed", "zipf"; did you mean uniform?'],
  ],
  [
    'an exponent for nothing',
    { input: { exponent: 2 } },
    ['input.exponent: found 2, expected none: only the generator zipf has an exponent'],
  ],
  [
    'a file of another kind',
    { input: { file: 'a.xlsx' } },
    ['input.file: found "a.xlsx", expected the path of a .jsonl, .ndjson or .csv file'],
  ],
  ['a key of a scenario', { timeBudgetMs: 5 }, ['timeBudgetMs: unknown key; it belongs to a scenario: scenarios.NAME.timeBudgetMs']],
  [
    'a key of the plan',
    { scenarios: { a: { size: 1, repetitions: 2 } } },
    ['scenarios.a.repetitions: unknown key; it belongs to the plan, not to one of its scenarios'],
  ],
  ['a database', { database: {} }, ['database: belongs to the command line (--database URL) or to openTroupe, not to a plan']],
  ['barrier at 0', { sync: { at: [0, 50] } }, ['sync.at[0]: found 0, expected a whole number from 1 to 100']],
  ['barrier twice', { sync: { at: [50, 50] } }, ['sync.at[1]: found 50 after 50, expected increasing values']],
  ['step of 0', { sync: { stepPct: 0 } }, ['sync.stepPct: found 0, expected a whole number from 1 to 100']],
  ['milestones out of order', { milestones: [50, 30] }, ['milestones[1]: found 30 after 50, expected increasing values']],
  ['milestones beyond the end', { milestones: [0, 101] }, ['milestones[1]: found 101, expected a whole number from 0 to 100']],
  [
    'a name of a scenario',
    { scenarios: { 'Big One': { size: 1 } } },
    [
      'scenarios.Big One: found the key "Big One", expected a name of at most 63 lower-case letters, digits and hyphens that starts with a letter or digit',
    ],
  ],
  ['no scenario', { scenarios: {} }, ['scenarios: found none, expected at least one; leave the key out for those of the profile']],
  [
    'sizes out of order',
    { scenarios: { a: { size: 9 }, b: { size: 9 }, c: { size: 8 } } },
    ['scenarios.c.size: found 8, expected at least 9, the size of b before it: scenarios are in order of size'],
  ],
  [
    'two sizes for one scenario',
    { scenarios: { a: { size: 9, multiplier: 2 } } },
    ['scenarios.a.multiplier: found 2, which makes 200 items, beside size 9; expected one of the two'],
  ],
  [
    'no size',
    { scenarios: { a: {} } },
    [
      'scenarios.a.size: missing, and 1 scenarios do not match the 3 of scaling exponential (100, 300, 800); write size (in items) or multiplier (times baseSize)',
    ],
  ],
  [
    'too small a base',
    { baseSize: 1, scaling: 'performance-testing' },
    [
      'scaling: gives simple no items at a base size of 1, expected at least 1',
      'scaling: gives medium no items at a base size of 1, expected at least 1',
    ],
  ],
  [
    'a function in params',
    { scenarios: { a: { size: 1, params: { f: () => 1 } } } },
    ['scenarios.a.params.f: found a function, expected a JSON value'],
  ],
  ['a growth class', { expects: 'n^4' }, ['expects: found "n^4", expected one of 1, logn, n, nlogn, n^2, n^3; did you mean n^2?']],
])('%s', (_title, written, expected) => {
  expect(problems(written)).toEqual(expected)
})

test.each(['metrics', 'score', 'thresholds', 'cost', 'baseline'])('%s is for later', (key) => {
  expect(problems({ [key]: {} })).toEqual([`${key}: not supported by this version`])
})

test('a file that is not there is named in full, with the nearest that is', () => {
  const [problem] = errorOf({ name: 'x', skill: './skil.mjs' }).problems
  expect(problem!.message).toMatch(/^found ".\/skil.mjs", expected a file: there is none at \/.*\/skil.mjs; did you mean skill.mjs\?$/)
})

test('a file that several scenarios would read is named once', () => {
  expect(problems({ input: { file: 'a.csv' } })).toHaveLength(1)
})

test('the command line is checked with the plan', () => {
  expect(problems({}, { only: ['meduim'] })).toEqual([
    '--only: found "meduim", expected some of simple, medium, complex; did you mean medium?',
  ])
  expect(problems({}, { size: 0.5 })).toEqual(['--size: found 0.5, expected a whole number from 1 to 2147483647'])
  expect(problems({ scaling: { sizes: [1, 2] } }, { size: 5 })).toEqual([
    '--size: has no effect: every scenario of this plan has a size of its own',
  ])
  expect(problems({ sync: { mode: 'milestone' } }, { order: 'serial' })[0]).toMatch(/^--order: serial order with sync milestone/)
  const unknown: PlanOverrides = JSON.parse('{"sync":"lockstp"}')
  expect(problems({}, unknown)).toEqual(['--sync: found "lockstp", expected one of free, milestone, lockstep; did you mean lockstep?'])
})

test('what only follows from another problem is not said', () => {
  expect(problems({ scenarios: { a: { size: 'ten' }, b: { size: 5 }, c: {} } })).toEqual([
    'scenarios.a.size: found "ten", expected a whole number from 1 to 2147483647',
  ])
  expect(problems({ skill: { kind: 'function' } })).toEqual(['skill.module: missing, expected the path of a module'])
})

test.each([[[]], [null], ['text'], [5]])('%j is no plan', (written) => {
  expect(errorOf(written).message).toMatch(/^plan.yaml: found .*, expected a plan: an object such as/)
})

test('a command that stays cannot name what changes with the batch, one for each batch can', () => {
  const command = { kind: 'command', command: ['score', '${batch}'], env: { KEY: '${idempotencyKey}', SIZE: '${size}' } }
  const known = '${params}, ${run}, ${variant}, ${scenario}, ${difficulty}, ${size}, ${env:NAME}'
  expect(problems({ skill: { ...command, mode: 'lines' } })).toEqual([
    `skill.command[1]: found \${batch}, expected one of ${known}`,
    `skill.env.KEY: found \${idempotencyKey}, expected one of ${known}`,
  ])
  expect(() => normalizePlan({ name: 'x', skill: command }, { directory: directoryWith(), file: 'plan.yaml', overrides: {} })).not.toThrow()
})

test.for([
  [{ repetitions: 1e9 }, 'repetitions: found 1000000000, expected a whole number from 1 to 1000'],
  [{ parallel: 1e6 }, 'parallel: found 1000000, expected a whole number from 1 to 10000'],
  [{ batchTimeoutMs: 1e15 }, 'batchTimeoutMs: found 1000000000000000, expected a whole number from 1 to 31536000000'],
  [{ retry: { backoffMs: 1e15 } }, 'retry.backoffMs: found 1000000000000000, expected a whole number from 0 to 31536000000'],
  [{ baseSize: 2 ** 30 }, 'scaling: gives complex 8589934592 items, expected at most 2147483647'],
] as const)('%o is more than can be meant (F15)', ([written, problem]) => {
  expect(problems(written)).toContain(problem)
})
