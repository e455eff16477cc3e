import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadPlan } from '../../src/plan.ts'
import { directoryWith } from './directory.ts'

const asYaml = 'name: x\nskill: ./skill.mjs\nscenarios: { small: {size: 10}, "50": {size: 50}, "1000": {size: 1000} }\n'
const asJson = '{"name":"x","skill":"./skill.mjs","scenarios":{"small":{"size":10},"50":{"size":50},"1000":{"size":1000}}}'

test.for([
  ['p.yaml', asYaml],
  ['p.json', asJson],
] as const)('scenarios whose names are numbers have the order of %s (case 5)', async ([name, text]) => {
  const { plan } = await loadPlan(join(directoryWith({ [name]: text }), name))
  expect(plan.scenarios.map((scenario) => [scenario.name, scenario.size])).toEqual([
    ['small', 10],
    ['50', 50],
    ['1000', 1000],
  ])
})

test('presets and --only go by the order that is written (case 5)', async () => {
  const text = 'name: x\nskill: ./skill.mjs\npreset: classic\nscenarios: { zz: {}, "7": {}, "3": {} }\n'
  const file = join(directoryWith({ 'p.yaml': text }), 'p.yaml')
  expect((await loadPlan(file)).plan.scenarios.map(({ name, difficulty }) => [name, difficulty])).toEqual([
    ['zz', 'easy'],
    ['7', 'intermediate'],
    ['3', 'advanced'],
  ])
  expect((await loadPlan(file, { only: ['3', 'zz'] })).plan.scenarios.map(({ name }) => name)).toEqual(['zz', '3'])
})
