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
