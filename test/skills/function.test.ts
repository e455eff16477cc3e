import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SkillLoadError } from '../../src/errors.ts'
import { checkFunctionSkill } from '../../src/skills/function.ts'
import { batch, fixture, functionSkill, open, options } from './host.ts'

const isolations = ['process', 'inline'] as const

test.for(isolations)('a skill that can be loaded is known by the hash of its file (%s)', async (isolation) => {
  const hash = createHash('sha256')
    .update(readFileSync(fixture('skills.mjs')))
    .digest('hex')
  // The fixture imports no file of its own: it is all there is of the skill.
  const [[path, own] = [], ...others] = await checkFunctionSkill(functionSkill({ isolation }))
  expect(path).toMatch(/skills\.mjs$/)
  expect(hash.startsWith(own!)).toBe(true)
  expect(own!.length).toBeGreaterThanOrEqual(16)
  expect(others).toEqual([])
  await checkFunctionSkill(functionSkill({ isolation, module: fixture('transpiled.cjs') }))
  await checkFunctionSkill(functionSkill({ isolation, module: fixture('typed.ts') }))
})

test.for(isolations)('what cannot be loaded says why (%s)', async (isolation) => {
  const problemOf = async (changes: object): Promise<SkillLoadError> => {
    const error: unknown = await checkFunctionSkill(functionSkill({ isolation, ...changes })).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(SkillLoadError)
    expect(error).toMatchObject({ code: 'SKILL_LOAD', exitCode: 2 })
    return error as SkillLoadError
  }
  const missing = fixture('nowhere.mjs')
  expect((await problemOf({ module: missing })).message).toBe(`There is no file ${missing}`)
  const throws = await problemOf({ module: fixture('throws.mjs') })
  expect(throws.message).toBe(`${fixture('throws.mjs')} cannot be loaded: no such luck, at ${fixture('throws.mjs')}:1`)
  expect(throws.hint).toBe(`Correct the module. Try it alone with: node ${fixture('throws.mjs')}`)
  expect(throws.cause).toMatchObject({ message: 'no such luck' })
  expect((await problemOf({ module: fixture('typed.ts'), export: 'other' })).message).toBe(
    `${fixture('typed.ts')} has no export "other"; it exports default`,
  )
  expect((await problemOf({ export: 'notAFunction' })).message).toBe(
    `${fixture('skills.mjs')}: its export "notAFunction" is an object, not a function`,
  )
})

test('a module that ends its process while it is imported ends a child, not us', async () => {
  const message = `${fixture('exits.mjs')} cannot be loaded: its process ended with exit code 4 while it was imported`
  await expect(checkFunctionSkill(functionSkill({ module: fixture('exits.mjs') }))).rejects.toMatchObject({ code: 'SKILL_LOAD', message })
})

test('a module that has become bad since it was checked fails the calls', async () => {
  const { skill } = await open({ module: fixture('throws.mjs') })
  await expect(skill.call(batch(), options())).rejects.toMatchObject({ code: 'SKILL_LOAD', cause: { message: 'no such luck' } })
})
