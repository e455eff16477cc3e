import fc from 'fast-check'
import { expect, test } from 'vitest'
import { propertyRuns } from './propertyRuns.ts'
import { scenarioSpec } from './scenarioHarness.ts'
import { ScenarioModel, type Action } from './scenarioModel.ts'

const spec = fc
  .record({
    size: fc.integer({ min: 1, max: 60 }),
    batchSize: fc.integer({ min: 1, max: 12 }),
    barriers: fc.subarray([20, 30, 50, 75, 100]),
    repetitions: fc.constantFrom(1, 1, 2),
    errorTolerance: fc.constantFrom(0, 0.2, 1),
  })
  .map((changes) => scenarioSpec({ ...changes, milestones: [...new Set([0, 30, 50, 100, ...changes.barriers])].sort((a, b) => a - b) }))

const reason = fc.constantFrom('user' as const, 'database' as const, 'breaker' as const)
const which = fc.nat({ max: 5 })
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('settle' as const), which, ok: fc.constantFrom(true, true, true, false), told: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.nat({ max: 1_000 }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('release' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constantFrom('start' as const, 'fetched' as const, 'recover' as const, 'ended' as const) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('pause' as const, 'continue' as const, 'continue' as const), reason }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('late' as const), batch: fc.nat({ max: 80 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const), fresh: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('cancel' as const, 'broke' as const, 'budget' as const) }) },
)

test('any sequence of events leaves a scenario in a legal state, from which it comes to its end', () => {
  fc.assert(
    fc.property(spec, fc.integer({ min: 1, max: 4 }), fc.array(action, { maxLength: 80, size: 'max' }), (given, parallel, actions) => {
      const model = new ScenarioModel(given, parallel)
      model.do({ type: 'start' })
      for (const each of actions) model.do(each)
      model.finish()
    }),
    { numRuns: propertyRuns() },
  )
  expect.hasAssertions()
})
