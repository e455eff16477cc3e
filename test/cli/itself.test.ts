import { afterEach, beforeEach, expect, test } from 'vitest'
import { makePlace, type Place } from './commandLine.ts'

let place: Place
beforeEach(async () => {
  place = await makePlace()
})
afterEach(() => place.remove())

const PLAN = (isolation: string) => `import { definePlan } from 'troupe'
export default definePlan({
  name: 'own',
  skill: { kind: 'function', module: './skill.ts', isolation: '${isolation}' },
  retry: { on: [] },
  scenarios: { small: { size: 3, errorTolerance: 0.5 } },
})
`
const SKILL = `import { ItemError, type Skill } from 'troupe'
const skill: Skill<{ index: number }, number> = (items) =>
  items.map(({ index }) => (index === 1 ? new ItemError('not this one', { class: 'critical' }) : index))
export default skill
`

test.each(['process', 'inline'])(
  'a plan and a skill (%s) import "troupe" where none is installed: it is the program that runs them',
  async (isolation) => {
    await place.write({ 'plan.ts': PLAN(isolation), 'skill.ts': SKILL })
    const { code, stdout, stderr } = await place.troupe(['run', 'plan.ts', '--memory', '--json'])
    expect([code, stderr]).toEqual([0, expect.stringContaining('item 1 of batch 0 failed: ItemError: not this one')])
    expect(JSON.parse(stdout)).toMatchObject({ status: 'complete', scenarios: [{ items: 2, itemsFailed: 1 }] })
  },
)

test.each(['process', 'inline'])(
  'npm init says "type": "commonjs", and what is written as a module is one all the same: plan, skill (%s), input and what they import',
  async (isolation) => {
    await place.write({
      'package.json': JSON.stringify({ name: 'x', type: 'commonjs' }),
      'plan.ts': PLAN(isolation).replace('retry:', "input: { module: './items.js' },\n  retry:"),
      'skill.ts': SKILL.replace(
        'export default skill',
        "import { one } from './one.js'\nimport two from './two.js'\nvoid [one, two.two]\nexport default skill",
      ),
      'items.js': 'export default [0, 1, 2].map((index) => ({ index }))\n',
      'one.js': "import { sep } from 'node:path'\nexport const one = sep\n",
      'two.js': "module.exports = { two: require('node:path').sep }\n",
    })
    const { code, stdout, stderr } = await place.troupe(['run', 'plan.ts', '--memory', '--json'])
    expect([code, stderr]).toEqual([0, expect.stringContaining('item 1 of batch 0 failed: ItemError: not this one')])
    expect(stderr).not.toMatch(/Warning|type.*module/)
    expect(JSON.parse(stdout)).toMatchObject({ status: 'complete', scenarios: [{ items: 2, itemsFailed: 1 }] })
  },
)

test('a skill in CommonJS, with or without types, stays what it is, beside a module that it imports', async () => {
  await place.write({
    'package.json': JSON.stringify({ name: 'x', type: 'commonjs' }),
    'skill.ts':
      "const { a }: { a: number } = require('./a.js')\nmodule.exports = async (items: unknown[]) => items.map(() => [a, __filename.length > 0])\n",
    'a.js': 'export const a = 7\n',
  })
  const { code, stdout } = await place.troupe(['try', 'skill.ts', '--json'])
  expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ result: [7, true] })])
})
