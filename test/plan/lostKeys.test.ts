import { expect, test } from 'vitest'
import type { PlanError } from '../../src/errors.ts'
import { parseJson, parseYaml } from '../../src/plan/document.ts'
import { quickJson } from '../../src/plan/quickJson.ts'

const message = 'the key __proto__ would be lost; choose another name'

test.for([
  ['a scenario of YAML', () => parseYaml('name: x\nscenarios:\n  __proto__: {}\n  a: {}\n', 'p.yaml'), 3],
  ['deep in YAML', () => parseYaml('params:\n  a:\n    - { __proto__: 1 }\n', 'p.yaml'), 3],
  ['a variant of JSON', () => parseJson('{\n"variants": {"__proto__": {}}}', 'p.json'), 2],
  ['escaped in JSON', () => parseJson('{"\\u005f_proto__": 1}', 'p.json'), 1],
] as const)('a key that would vanish is a problem of the plan: %s (newcomer 2: 10)', ([, parse, line]) => {
  let problems
  try {
    parse()
  } catch (error) {
    problems = (error as PlanError).problems
  }
  expect(problems).toEqual([{ path: '', line, message }])
})

test('JSON with such a key is not read the short way', () => {
  expect(quickJson('{"a": {"\\u005f_proto__": 1}}')).toBeUndefined()
  expect(quickJson('{"a": "__proto__"}')).toEqual({ a: '__proto__' })
})
