import { expect, test } from 'vitest'
import { normalizePlan, separateFunctions } from '../../src/plan.ts'
import { directoryWith } from './directory.ts'

const f = () => undefined
const g = () => undefined
const http = { kind: 'http', url: 'http://a/' }

test('functions are parted from the JSON of a plan', () => {
  const written = { name: 'x', skill: { ...http, body: f, result: g }, classify: f, synthesize: g }
  expect(separateFunctions(written)).toEqual({
    plan: { name: 'x', skill: http },
    functions: { classify: f, synthesize: g, skills: { default: { body: f, result: g } } },
  })
  expect(written.skill.body).toBe(f)
})

test('those of variants are kept by variant', () => {
  const { plan, functions } = separateFunctions({
    name: 'x',
    variants: { a: { ...http, result: f }, b: { ...http, result: '${body.a}' }, c: './skill.mjs', d: { ...http, body: g } },
  })
  expect(plan).toEqual({ name: 'x', variants: { a: http, b: { ...http, result: '${body.a}' }, c: './skill.mjs', d: http } })
  expect(functions).toEqual({ skills: { a: { result: f }, d: { body: g } } })
})

test('a function where none may be stays, and is a problem of the plan', () => {
  const { plan, functions } = separateFunctions({ name: 'x', skill: { kind: 'command', command: f } })
  expect(functions).toEqual({})
  expect(() => normalizePlan(plan, { directory: directoryWith() })).toThrow(
    'skill.command: found a function, expected a non-empty string, or a non-empty list of non-empty strings',
  )
})

test('a plan says where its functions stood', () => {
  const options = { directory: directoryWith() }
  const functionsOf = (written: object) => normalizePlan({ name: 'x', ...written }, options).functions.toSorted()
  expect(functionsOf({ skill: './skill.mjs' })).toEqual([])
  expect(functionsOf({ skill: './skill.mjs', classify: { module: './skill.mjs' } })).toEqual([])
  expect(functionsOf({ skill: { ...http, body: f }, classify: f, synthesize: g })).toEqual(['classify', 'skill.body', 'synthesize'])
  expect(functionsOf({ variants: { a: { ...http, body: f, result: f }, b: './skill.mjs' } })).toEqual([
    'variants.a.body',
    'variants.a.result',
  ])
})
