import fc from 'fast-check'
import { expect, test } from 'vitest'
import { randomBySeed } from '../../src/input/random.ts'
import { randomSchedule } from '../../src/host/groupSchedule.ts'
import { orchestratorStep } from '../../src/machines/orchestratorStep.ts'
import { simulateGroups, type Aggregator } from '../../src/host/simulateGroups.ts'
import { propertyRuns } from '../machines/propertyRuns.ts'

const options = { groups: 12, workers: 3, fail: 0.5, seed: 1, schedules: 5 }

test('every group leaves exactly one claim whatever the order, and the aggregate is that of the orderly schedule', () => {
  fc.assert(
    fc.property(
      fc.record({
        groups: fc.integer({ min: 1, max: 30 }),
        workers: fc.integer({ min: 1, max: 10 }),
        fail: fc.constantFrom(0, 0.1, 0.5, 1),
        seed: fc.nat(),
        schedules: fc.constant(3),
      }),
      (given) => {
        const { broken, claims, results, diagnostics, same } = simulateGroups(given)
        expect(broken).toEqual([])
        expect({ claims, same, all: results + diagnostics }).toEqual({ claims: given.groups, same: true, all: given.groups })
        if (given.fail === 0) expect(diagnostics).toBe(0)
        if (given.fail === 1) expect(results).toBe(0)
      },
    ),
    { numRuns: propertyRuns() },
  )
})

test('a schedule has every group once, no worker two at a time, and groups that end in another order', () => {
  const schedule = randomSchedule(60, 5, 2, randomBySeed(7))
  expect(schedule.map(({ group }) => group).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i))
  expect(new Set(schedule.map(({ worker }) => worker)).size).toBe(5)
  for (let worker = 0; worker < 5; worker++) {
    const own = schedule.filter((finished) => finished.worker === worker)
    own.forEach(({ startedAt }, i) => expect(startedAt).toBeGreaterThanOrEqual(own[i - 1]?.endedAt ?? 0))
  }
  expect(schedule.map(({ group }) => group)).not.toEqual(Array.from({ length: 60 }, (_, i) => i))
  expect(schedule.some(({ againAt }) => againAt !== null)).toBe(true)
})

test('the same seed makes the same simulation, another another', () => {
  expect(simulateGroups(options)).toEqual(simulateGroups(options))
  expect(simulateGroups({ ...options, seed: 2 }).shown).not.toEqual(simulateGroups(options).shown)
})

const breaking: [string, Aggregator, string][] = [
  [
    'forget a claim',
    (before, event) => {
      const next = orchestratorStep(before, event)
      const { 'default/group-3': _lost, ...claims } = next.state.claims
      return { ...next, state: { ...next.state, claims } }
    },
    'group-3 has left no claim of its own end',
  ],
  [
    'keep the claims in a second place when they come twice',
    (before, event) => {
      const next = orchestratorStep(before, event)
      if (event.type !== 'scenario.changed' || !event.claim || !before.claims[event.scenario]) return next
      return { ...next, state: { ...next.state, claims: { ...next.state.claims, [`${event.scenario}/again`]: event.claim } } }
    },
    'claims of',
  ],
  [
    'let the order of the ends into the claims',
    (before, event) => {
      const next = orchestratorStep(before, event)
      if (event.type !== 'scenario.changed' || !event.claim) return next
      const claim = { ...event.claim, batches: Object.keys(before.claims).length }
      return { ...next, state: { ...next.state, claims: { ...next.state.claims, [event.scenario]: claim } } }
    },
    'the aggregate is not that of the orderly schedule',
  ],
  [
    'say twice that the run has ended',
    (before, event) => {
      const next = orchestratorStep(before, event)
      return { ...next, facts: [...next.facts, ...next.facts.filter(({ type }) => type === 'run.failed')] }
    },
    'the run has ended 2 times',
  ],
]

test.each(breaking)('rules that %s are found out', (_title, step, complaint) => {
  const { same, broken } = simulateGroups(options, step)
  expect(same).toBe(false)
  expect(broken.join('\n')).toContain(complaint)
})
