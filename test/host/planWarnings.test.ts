import { expect, test } from 'vitest'
import { planWarnings } from '../../src/host/planWarnings.ts'
import { normalizePlan } from '../../src/plan.ts'
import { directoryWith } from '../plan/directory.ts'

const warned = (written: object) =>
  planWarnings(normalizePlan({ name: 'x', skill: './skill.mjs', ...written }, { directory: directoryWith() }))

test('who names metrics is told that all are shown (first hour 8)', () => {
  const said = ['metrics: this version shows every metric, whatever the plan names']
  expect(warned({ scenarios: { a: { size: 5, metrics: ['accuracy', 'missing-one'] } } })).toEqual(said)
  expect(warned({ scenarios: { a: { size: 5 } } })).toEqual([])
  expect(warned({})).toEqual([])
})

test('chaos is said loudly', () => {
  expect(warned({ chaos: { failRate: 0.5 } })).toEqual([expect.stringMatching(/^CHAOS is on: /)])
})
