import { cpSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fingerprint, normalizePlan, planDifferences, type PlanOverrides } from '../../src/plan.ts'
import { directoryWith } from './directory.ts'

const written = {
  name: 'x',
  skill: { kind: 'function', module: './skill.mjs', version: '1' },
  scenarios: { small: { size: 5, params: { a: 1, b: 2 } }, medium: { size: 50, batchSize: 10 } },
}

const normal = (changes: object = {}, overrides: PlanOverrides = {}, directory = directoryWith({ 'other.mjs': '' })) =>
  normalizePlan({ ...written, ...changes }, { directory, overrides })

const base = () => fingerprint(normal(), 'items')

test('a fingerprint is a sha256, the same in every directory', () => {
  const directory = directoryWith()
  const copy = directoryWith()
  cpSync(directory, copy, { recursive: true })
  const [here, there] = [directory, copy].map((each) => fingerprint(normal({ input: { module: './skill.mjs' } }, {}, each), 'items'))
  expect(here).toMatch(/^[0-9a-f]{64}$/)
  expect(here).toBe(there)
})

test('the order of keys does not matter', () => {
  const turned = { medium: written.scenarios.medium, small: { params: { b: 2, a: 1 }, size: 5 } }
  const { small, medium } = turned
  expect(fingerprint(normal({ scenarios: { small, medium } }), 'items')).toBe(base())
})

test.each<[string, object, PlanOverrides, string]>([
  ['items', {}, {}, 'other items'],
  ['skill.version', { skill: { ...written.skill, version: '2' } }, {}, 'items'],
  ['skill.module', { skill: { ...written.skill, module: './other.mjs' } }, {}, 'items'],
  ['name', { name: 'y' }, {}, 'items'],
  ['params', { scenarios: { ...written.scenarios, small: { size: 5, params: { a: 2, b: 2 } } } }, {}, 'items'],
  ['chaos', { chaos: { failRate: 0.1 } }, {}, 'items'],
  ['batchSize', { batchSize: 7 }, {}, 'items'],
  ['difficulty', { scenarios: { ...written.scenarios, small: { ...written.scenarios.small, difficulty: 'hard' } } }, {}, 'items'],
  ['--sync', {}, { sync: 'lockstep' }, 'items'],
  ['--order', {}, { order: 'serial' }, 'items'],
  ['--only', {}, { only: ['small'] }, 'items'],
  ['--limit', {}, { limit: 3 }, 'items'],
  ['--ladder', {}, { ladder: true }, 'items'],
])('%s changes the fingerprint', (_title, changes, overrides, items) => {
  expect(fingerprint(normal(changes, overrides), items)).not.toBe(base())
})

test('--size changes the fingerprint', () => {
  const scenarios = { a: { multiplier: 1 } }
  expect(fingerprint(normal({ scenarios }, { size: 5 }), 'items')).not.toBe(fingerprint(normal({ scenarios }), 'items'))
})

test.each([
  { workers: { max: 3 } },
  { shutdownMs: 1 },
  { graceMs: 1 },
  { secrets: ['KEY'] },
  { durability: 'exit' },
  { window: 9 },
  { breaker: false },
  { breaker: { threshold: 9, weights: { transient: 1 } } },
  { recovery: { attempts: 0 } },
  { sync: { timeoutMs: 5 } },
  { sync: {} },
  { $schema: './schema.json' },
  { retry: { attempts: 4 } },
  { classify: { module: './other.mjs' } },
  { classify: () => undefined },
  { synthesize: { module: './other.mjs' } },
  { expects: 'n' },
  { milestones: [20] },
  { warmupBatches: 0 },
  { maxResultBytes: 5 },
  { batchTimeoutMs: 7 },
])('%j does not', (changes) => {
  expect(fingerprint(normal(changes), 'items')).toBe(base())
  expect(planDifferences(normal(), normal(changes))).toEqual([])
})

const http = { kind: 'http', url: 'http://127.0.0.1/a' }
const command = { kind: 'command', command: ['sort', '-r'] }

test.each([
  [http, { ...http, url: 'http://127.0.0.1/b' }],
  [http, { ...http, method: 'PUT' }],
  [http, { ...http, body: ['${items}'] }],
  [command, { ...command, command: ['sort'] }],
  [command, { ...command, command: 'sort -r' }],
  [command, { ...command, cwd: '..' }],
  [http, { ...http, body: () => 'made' }],
])('%j is another plan than %j', (one, other) => {
  const [first, second] = [one, other].map((skill) => fingerprint(normal({ skill }), 'items'))
  expect(first).not.toBe(second)
})

test('a command is the same wherever the plan lies', () => {
  const [here, there] = [directoryWith(), directoryWith()].map((each) => fingerprint(normal({ skill: command }, {}, each), 'items'))
  expect(here).toBe(there)
})

test('differences are named where they are written', () => {
  const given = normal({
    repetitions: 2,
    scenarios: { small: { size: 5, params: { a: 1, b: [3] } }, medium: { size: 50, batchSize: 20 }, constructor: { size: 60 } },
  })
  expect(planDifferences(normal(), given).toSorted()).toEqual([
    'repetitions: was not written, is 2',
    'scenarios.constructor: was not written, is {"size":60}',
    'scenarios.medium.batchSize: was 10, is 20',
    'scenarios.small.params.b: was 2, is [3]',
  ])
})

test('another order of scenarios is a difference', () => {
  const [there, back] = [
    { a: { size: 5 }, b: { size: 5 } },
    { b: { size: 5 }, a: { size: 5 } },
  ].map((scenarios) => normal({ scenarios, preset: 'controlled' }))
  expect(planDifferences(there!, back!)).toContain('scenarios: were a, b, are b, a')
})
