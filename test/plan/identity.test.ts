import { expect, test } from 'vitest'
import { fingerprint, normalizePlan, planJsonSchema, sameCalls, type PlanOverrides } from '../../src/plan.ts'
import type { SchemaNode } from '../../src/plan/jsonSchema.ts'
import { KEYS_THAT_DECIDE, KEYS_THAT_DO_NOT } from '../../src/plan/keys.ts'
import { directoryWith } from './directory.ts'

/** Every key that a user can write, to the bottom; `skill` stands for `variants.NAME`, `input` for that of a scenario. */
function keysIn(node: SchemaNode, path: string): string[] {
  const below = (key: string) =>
    (path === '' ? key : `${path}.${key}`).replace(/^variants\.NAME/, 'skill').replace(/^scenarios\.NAME\.input/, 'input')
  const own = Object.entries(node.properties ?? {}).flatMap(([key, child]) => leavesOf(child, below(key)))
  const branches = (node.anyOf ?? []).flatMap((branch) => keysIn(branch, path))
  const values = node.additionalProperties
  return [...own, ...branches, ...(typeof values === 'object' ? keysIn(values, below('NAME')) : [])]
}

function leavesOf(node: SchemaNode, path: string): string[] {
  const deeper = keysIn(node, path).filter((key) => !key.endsWith('.NAME'))
  const alone = (node.anyOf ?? []).some((branch) => !branch.properties) && path !== 'skill'
  return deeper.length === 0 ? [path] : [...(alone ? [path] : []), ...deeper]
}

const isUndecided = (key: string) => Object.keys(KEYS_THAT_DO_NOT).some((each) => key === each || key.startsWith(`${each}.`))

test('each key of a plan decides which calls are made, or says why it does not', () => {
  const keys = [...new Set(keysIn(planJsonSchema(), ''))]
  expect(keys).toContain('scenarios.NAME.batchSize')
  expect(keys).toContain('skill.headers')
  expect(keys).toContain('sync.stepPct')
  const open = keys.filter((key) => !KEYS_THAT_DECIDE.includes(key) && !isUndecided(key))
  expect(
    open,
    'A new key belongs into src/plan/keys.ts. Does it decide which calls a run makes, of which items, with what? Then into KEYS_THAT_DECIDE, ' +
      'and what it comes to in the plan is taken from the stored one (src/plan/calls.ts: "stored"). ' +
      'Else into KEYS_THAT_DO_NOT, with the reason: a run then goes on with what the plan says now ("given").',
  ).toEqual([])
  expect(
    [...KEYS_THAT_DECIDE, ...Object.keys(KEYS_THAT_DO_NOT)].filter(
      (key) => !keys.some((each) => each === key || each.startsWith(`${key}.`)),
    ),
  ).toEqual([])
  expect(KEYS_THAT_DECIDE.filter(isUndecided)).toEqual([])
})

const base = { name: 'x', skill: './skill.mjs' }
const plan = (written: object, overrides: PlanOverrides = {}) =>
  normalizePlan({ ...base, ...written }, { directory: directoryWith({ 'items.jsonl': '{}\n', 'other.mjs': '' }), overrides })
const print = (written: object, overrides: PlanOverrides = {}) => fingerprint(plan(written, overrides), 'items')

const http = { kind: 'http', url: 'http://127.0.0.1/a' }
const variants = { fast: './skill.mjs' }

test.each<[object, object]>([
  [{}, { skill: { kind: 'function', module: 'skill.mjs' } }],
  [{}, { skill: undefined, variants: { default: './skill.mjs' } }],
  [{}, { skill: '././skill.mjs', input: undefined, sync: {}, chaos: undefined, workers: { max: undefined } }],
  [{ skill: { ...http, version: 1 } }, { skill: { ...http, version: '1' } }],
  [{ skill: { ...http, params: { a: 1, b: 2 } } }, { skill: { params: { b: 2, a: 1 }, ...http } }],
  [{ chaos: { failRate: 0.5, latencyMs: 5 } }, { chaos: { latencyMs: [5, 5], failRate: 0.5 } }],
  [{ scaling: { sizes: [5, 10] } }, { scaling: { sizes: [5, 10], expects: 'n' } }],
  [{ input: { file: './items.jsonl' } }, { input: { file: 'items.jsonl' } }],
  [{ scenarios: { a: { size: 5 } } }, { scenarios: { a: { size: 5, input: {}, errorTolerance: 0.5 } } }],
])('%j is %j', (one, other) => {
  expect(print(one)).toBe(print(other))
})

test.each<[object, PlanOverrides, object, PlanOverrides]>([
  [{}, { sync: 'lockstep' }, { sync: { mode: 'lockstep' } }, {}],
  [{ baseSize: 5 }, { size: 50 }, { baseSize: 50 }, {}],
  [{}, { order: 'serial' }, { order: 'serial' }, {}],
  [{}, { only: ['simple', 'medium'] }, {}, { only: ['medium', 'simple'] }],
])('%j with %j is %j with %j', (one, flags, other, others) => {
  expect(print(one, flags)).toBe(print(other, others))
})

/** One change of each key that decides, beside something that it goes with. */
const CHANGES: Record<string, [object, object]> = {
  name: [{}, { name: 'y' }],
  'skill.kind': [{}, { skill: { kind: 'command', command: 'cat' } }],
  'skill.module': [{}, { skill: './other.mjs' }],
  'skill.export': [{}, { skill: { kind: 'function', module: './skill.mjs', export: 'other' } }],
  'skill.isolation': [{}, { skill: { kind: 'function', module: './skill.mjs', isolation: 'inline' } }],
  'skill.version': [{}, { skill: { kind: 'function', module: './skill.mjs', version: 2 } }],
  'skill.params': [{}, { skill: { kind: 'function', module: './skill.mjs', params: { a: 1 } } }],
  'skill.url': [{ skill: http }, { skill: { ...http, url: 'http://127.0.0.1/b' } }],
  'skill.mode': [{ skill: http }, { skill: { ...http, mode: 'item' } }],
  'skill.method': [{ skill: http }, { skill: { ...http, method: 'PUT' } }],
  'skill.headers': [{ skill: http }, { skill: { ...http, headers: { a: 'b' } } }],
  'skill.body': [{ skill: http }, { skill: { ...http, body: '${items}' } }],
  'skill.result': [{ skill: http }, { skill: { ...http, result: '${body.data}' } }],
  'skill.concurrency': [{ skill: http }, { skill: { ...http, concurrency: 1 } }],
  'skill.command': [{ skill: { kind: 'command', command: 'cat' } }, { skill: { kind: 'command', command: 'tac' } }],
  'skill.cwd': [{ skill: { kind: 'command', command: 'cat' } }, { skill: { kind: 'command', command: 'cat', cwd: '..' } }],
  'skill.env': [{ skill: { kind: 'command', command: 'cat' } }, { skill: { kind: 'command', command: 'cat', env: { A: '1' } } }],
  'skill.stdin': [{ skill: { kind: 'command', command: 'cat' } }, { skill: { kind: 'command', command: 'cat', stdin: 'json' } }],
  'skill.stdout': [{ skill: { kind: 'command', command: 'cat' } }, { skill: { kind: 'command', command: 'cat', stdout: 'json' } }],
  'input.file': [{}, { input: { file: 'items.jsonl' } }],
  'input.columns': [{ input: { file: 'items.jsonl' } }, { input: { file: 'items.jsonl', columns: ['a'] } }],
  'input.delimiter': [{ input: { file: 'items.jsonl' } }, { input: { file: 'items.jsonl', delimiter: ';' } }],
  'input.module': [{}, { input: { module: './other.mjs' } }],
  'input.export': [{ input: { module: './other.mjs' } }, { input: { module: './other.mjs', export: 'items' } }],
  'input.generator': [{}, { input: { generator: 'skewed' } }],
  'input.seed': [{}, { input: { seed: 2 } }],
  'input.exponent': [{ input: { generator: 'zipf' } }, { input: { generator: 'zipf', exponent: 2 } }],
  baseSize: [{}, { baseSize: 50 }],
  scaling: [{}, { scaling: 'security-scanning' }],
  'scaling.sizes': [{ scaling: { sizes: [5, 10] } }, { scaling: { sizes: [5, 11] } }],
  preset: [{}, { preset: 'classic' }],
  'scenarios.NAME.size': [{ scenarios: { a: { size: 5 } } }, { scenarios: { a: { size: 6 } } }],
  'scenarios.NAME.multiplier': [{ scenarios: { a: { multiplier: 1 } } }, { scenarios: { a: { multiplier: 2 } } }],
  'scenarios.NAME.difficulty': [{ scenarios: { a: { size: 5 } } }, { scenarios: { a: { size: 5, difficulty: 'hard' } } }],
  'scenarios.NAME.batchSize': [{ scenarios: { a: { size: 5 } } }, { scenarios: { a: { size: 5, batchSize: 2 } } }],
  'scenarios.NAME.parallel': [{ scenarios: { a: { size: 5 } } }, { scenarios: { a: { size: 5, parallel: 2 } } }],
  'scenarios.NAME.params': [{ scenarios: { a: { size: 5 } } }, { scenarios: { a: { size: 5, params: { a: 1 } } } }],
  batchSize: [{}, { batchSize: 7 }],
  parallel: [{}, { parallel: 2 }],
  'sync.mode': [{}, { sync: { mode: 'lockstep' } }],
  'sync.at': [{ sync: { mode: 'milestone' } }, { sync: { mode: 'milestone', at: [50] } }],
  'sync.stepPct': [{ sync: { mode: 'lockstep' } }, { sync: { mode: 'lockstep', stepPct: 20 } }],
  order: [{}, { order: 'serial' }],
  repetitions: [{}, { repetitions: 2 }],
  'chaos.seed': [{ chaos: { failRate: 0.1 } }, { chaos: { failRate: 0.1, seed: 2 } }],
  'chaos.failRate': [{ chaos: { failRate: 0.1 } }, { chaos: { failRate: 0.2 } }],
  'chaos.failClass': [{ chaos: { failRate: 0.1 } }, { chaos: { failRate: 0.1, failClass: 'critical' } }],
  'chaos.latencyMs': [{ chaos: { failRate: 0.1 } }, { chaos: { failRate: 0.1, latencyMs: 5 } }],
  'chaos.hangRate': [{ chaos: { failRate: 0.1 } }, { chaos: { failRate: 0.1, hangRate: 0.1 } }],
  'chaos.crashRate': [{ chaos: { failRate: 0.1 } }, { chaos: { failRate: 0.1, crashRate: 0.1 } }],
  'chaos.scenarios': [{ chaos: { failRate: 0.1 } }, { chaos: { failRate: 0.1, scenarios: ['simple'] } }],
}

test('there is a change of each key that decides', () => {
  expect(
    KEYS_THAT_DECIDE.filter((key) => !CHANGES[key]),
    'Add a change of the key to CHANGES in this file: it must lead to another fingerprint.',
  ).toEqual([])
})

test.each(Object.entries(CHANGES))('%s, changed, makes another run', (_key, [before, after]) => {
  expect(print(before)).not.toBe(print(after))
  expect(sameCalls(plan(before), plan(after))).toBe(false)
})

test('another order of scenarios is another plan', () => {
  const [a, b] = [{ size: 5 }, { size: 5 }]
  expect(print({ scenarios: { a, b } })).not.toBe(print({ scenarios: { b, a } }))
  expect(sameCalls(plan({ scenarios: { a, b } }), plan({ scenarios: { b, a } }))).toBe(false)
})

test.each<[object, object, PlanOverrides]>([
  [{}, { batchSize: 10, order: 'parallel', sync: { mode: 'free' }, repetitions: 1, baseSize: 100 }, {}],
  [{ skill: http }, { skill: { ...http, method: 'POST', concurrency: 4 } }, {}],
  [{ preset: 'controlled' }, { scenarios: { simple: {}, medium: {}, complex: {} } }, {}],
  [{}, {}, { only: ['simple', 'medium', 'complex'], sync: 'free', limit: 5_000 }],
  [{ skill: undefined, variants }, { skill: undefined, variants, sync: { mode: 'free', stepPct: 20 } }, {}],
])('%j and what it comes to, written out as %j %j, make the same calls', (one, other, overrides) => {
  expect(sameCalls(plan(one), plan(other, overrides))).toBe(true)
})
