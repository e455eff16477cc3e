import { expect, test } from 'vitest'
import { moduleLines } from '../../src/plan/moduleLines.ts'

const PLAN = `import { definePlan } from 'troupe'
// name: 'none of it', size: 3
const size = { name: 3 }
export default definePlan({
  name: "lines",
  'skill': './s.ts', preset: 'controlled',
  params: { size: 1, text: '}, size: {' },
  milestones: [
    10,
    5,
  ],
  scenarios: {
    all: { size: "30", run: (a: { size: number }) => ({ size: a }) },
    'other one': {
      /* size: 4 */ batchsize: 3,
    },
  },
  ...size,
})
`

test.each([
  [['name'], 5],
  [['skill'], 6],
  [['preset'], 6],
  [['params', 'size'], 7],
  [['milestones', 1], 10],
  [['scenarios'], 12],
  [['scenarios', 'all', 'size'], 13],
  [['scenarios', 'other one', 'batchsize'], 15],
  // Not there: what lies above it is.
  [['scenarios', 'other one', 'size'], 14],
  [['order'], undefined],
])('the line of %j in a plan that a module writes (first hour 5)', (path, line) => {
  expect(moduleLines(PLAN)(path)).toBe(line)
})

test.each([
  ['export default {\n  nme: 1,\n}', 2],
  ["const plan: PlanInput = {\n\n  nme: 'x',\n}\nexport default plan", 3],
  ["const plan = definePlan({\n  nme: 'x',\n})\nexport default plan", 2],
  ["const plan = {\n  nme: 'x',\n}\nexport default definePlan(plan)", 2],
  ["import plan from './plan.ts'\nconst other = { nme: 1 }\nexport default plan", undefined],
  ['export default make({\n  nme: 1 })', undefined],
])('where the module writes its plan: %j', (text, line) => {
  expect(moduleLines(text)(['nme'])).toBe(line)
})
