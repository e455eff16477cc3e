import { expect, test } from 'vitest'
import { PlanError } from '../../src/errors.ts'
import { parseJson, parseYaml } from '../../src/plan/document.ts'
import { normalizePlan } from '../../src/plan/normalize.ts'
import { quickJson } from '../../src/plan/quickJson.ts'

const base = { name: 'x', skill: { kind: 'command', command: 'cat' } }
const problemsOf = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    if (error instanceof PlanError) return error.problems.map(({ path, line, message }) => `${path}@${line ?? ''}: ${message}`)
    throw error
  }
  return []
}
const plan = (more: object) => problemsOf(() => normalizePlan({ ...base, ...more }, { directory: '/' }))

test('what cannot be stored is said with the path of its key (case 30)', () => {
  const zero = 'the text holds the character U+0000, which cannot be stored; leave it out'
  expect(plan({ scenarios: { a: { size: 1, params: { sep: '\0' } } } })).toEqual([`scenarios.a.params.sep@: ${zero}`])
  expect(plan({ skill: { kind: 'command', command: ['cat', '\0'] } })).toEqual([`skill.command[1]@: ${zero}`])
  expect(plan({ secrets: ['\uD800'] })).toEqual([
    'secrets[0]@: the text holds half of a surrogate pair, which cannot be stored; leave it out',
  ])
})

test('nesting without an end is a problem of the plan (F13)', () => {
  const text = `{"name":"x","skill":"s.mjs","scenarios":{"a":{"params":{"p":${'['.repeat(5_000)}${']'.repeat(5_000)}}}}}`
  expect(problemsOf(() => normalizePlan(JSON.parse(text), { directory: '/' }))).toEqual([
    'scenarios.a.params@: nested more than 100 levels deep, or in itself',
  ])
})

test('names that are whole numbers are refused where their order is lost (case 5)', () => {
  const moved = 'their order cannot be kept, because names that are whole numbers go first; begin each with a letter: n50 instead of 50'
  const json = '{"name":"x","skill":"s.mjs",\n"variants":{"b":"s.mjs","50":"t.mjs"}}'
  expect(quickJson(json)).toBeUndefined()
  expect(problemsOf(() => parseJson(json, 'x.json'))).toEqual([`variants@2: ${moved}`])
  expect(plan({ scenarios: { small: { size: 10 }, '50': { size: 50 } } })).toContain(`scenarios@: ${moved}`)
  expect(problemsOf(() => parseYaml('scenarios:\n  "50": {}\n  "1000": {}\n  small: {}\n', 'x.yaml'))).toEqual([])
})

test('a number of a plan that would change is refused with its line (case 4)', () => {
  const changed = 'the number 2512292042121000001 would become 2512292042121000000; write it as text, in quotes'
  expect(problemsOf(() => parseYaml('scenarios:\n  a:\n    params:\n      id: 2512292042121000001\n', 'x.yaml'))).toEqual([
    `scenarios.a.params.id@4: ${changed}`,
  ])
  const json = '{\n"input":{"seed":2512292042121000001}}'
  expect(quickJson(json)).toBeUndefined()
  expect(problemsOf(() => parseJson(json, 'x.json'))).toEqual([`input.seed@2: ${changed}`])
  expect(problemsOf(() => parseYaml('a: 0x1fffffffffffffff\n', 'x.yaml'))).toHaveLength(1)
})

test('of thousands of problems twenty are shown, and the number of the others (F15)', () => {
  const unknown = Object.fromEntries(Array.from({ length: 4_000 }, (_, at) => [`zzzzzzzz${at}`, 1]))
  try {
    normalizePlan({ ...base, ...unknown }, { directory: '/' })
    expect.unreachable()
  } catch (error) {
    if (!(error instanceof PlanError)) throw error
    expect(error.problems).toHaveLength(4_000)
    expect(error.message.split('\n')).toHaveLength(22)
    expect(error.message).toMatch(/^The plan has 4000 problems:[^]*\n {2}and 3980 more$/)
  }
})
