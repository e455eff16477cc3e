import { transition } from 'xstate'
import { createActor } from 'xstate'
import { describe, expect, test } from 'vitest'
import { scenarioMachine } from '../../src/machines/scenario.ts'
import type { Recovered } from '../../src/machines/scenarioRules.ts'
import { elapsedMs, handOut } from '../../src/machines/scenarioRules.ts'
import { initialState, type ScenarioState } from '../../src/machines/scenarioState.ts'
import { statusOf } from '../../src/machines/scenarioStep.ts'
import type { Settled } from '../../src/machines/tally.ts'
import { scenarioSpec, settledBatch, startScenario, type Scenario } from './scenarioHarness.ts'

const stored = (from: number, changes: Partial<Settled> = {}): Settled => ({ ...settledBatch({ from, items: 10 }), ...changes })

/** What a process that died leaves behind, and what the store has to add to it. */
function recover(before: ScenarioState, found: Omit<Recovered, 'activeMs'> & { activeMs?: number }, parallel = 1): Scenario {
  const snapshot = {
    status: 'active',
    value: statusOf(before),
    historyValue: {},
    context: before,
    children: {},
    output: undefined,
    error: undefined,
  }
  const live = createActor(scenarioMachine, { input: before.spec, snapshot: structuredClone(snapshot) as never }).getSnapshot()
  const [next] = transition(scenarioMachine, live, { type: 'batches.recovered', activeMs: 0, ...found })
  const context = JSON.parse(JSON.stringify(next.context)) as ScenarioState
  const scenario = startScenario(before.spec, { parallel, restored: { value: statusOf(context), context } })
  scenario.clock.set(found.at)
  return scenario
}

const resume = (scenario: Scenario) => scenario.send({ type: 'scenario.resume', at: scenario.clock.now() })
const called = (scenario: Scenario) => scenario.calls.map(({ batch }) => batch)

describe('batches.recovered', () => {
  test('counts what was stored behind the snapshot, and what the snapshot counts only once', () => {
    const before = startScenario()
    before.start()
    for (const batch of [0, 1, 2]) before.settle(batch, { activeMs: 10 * (batch + 1), quality: { accuracy: 1 } })
    const after = recover(before.stored(), {
      stored: [
        stored(20),
        stored(30, { quality: { accuracy: 0 } }),
        stored(40, { quality: { accuracy: 0 }, retries: 1, errors: { transient: 1 } }),
      ],
      activeMs: 25,
      unconfirmed: { ranges: [[50, 100]], more: null, confirmed: 50 },
      seenAt: 0,
      at: 0,
    })
    expect(after.state()).toMatchObject({ batches: 5, activeMs: 55, retries: 1, open: [], lanes: false })
    expect(after.state().repetitions[0]).toMatchObject({ settled: 50 })
    expect(after.state().quality.accuracy).toEqual({ sum: 30, items: 50 })
    expect(after.calls).toEqual([])
    resume(after)
    expect(called(after)).toEqual([5])
    expect(after.milestones()).toEqual([50])
    after.settleAll()
    expect(after.status()).toBe('complete')
    expect(after.milestones()).toEqual([50, 70, 90, 100])
  })

  test('holes that several lanes left are filled before what lies behind them', () => {
    const before = startScenario(scenarioSpec(), { parallel: 4 })
    before.start()
    before.settle(1)
    const after = recover(
      before.stored(),
      {
        stored: [stored(30), stored(50)],
        unconfirmed: {
          ranges: [
            [0, 10],
            [20, 30],
            [40, 50],
            [60, 100],
          ],
          more: null,
          confirmed: 30,
        },
        seenAt: 0,
        at: 0,
      },
      4,
    )
    resume(after)
    expect(called(after)).toEqual([0, 2, 4, 6])
    after.settleAll()
    expect(called(after)).toEqual([0, 2, 4, 6, 7, 8, 9])
    expect(after.state()).toMatchObject({ done: true, batches: 10 })
  })

  test('the next repetition is asked for: a batch of it may be stored, though the snapshot knows nothing of it', () => {
    const before = startScenario(scenarioSpec({ size: 20, repetitions: 2 }))
    before.start()
    before.settle(0)
    const after = recover(before.stored(), {
      stored: [stored(10)],
      unconfirmed: { ranges: [], more: null, confirmed: 20 },
      seenAt: 0,
      at: 0,
    })
    resume(after)
    expect(after.calls).toEqual([])
    expect(after.asked).toEqual([{ repetition: 2, round: 0, firstRound: 0, from: 0 }])
    after.send({ type: 'work.fetched', ranges: [[10, 20]], more: null, confirmed: 10, at: 0 })
    expect(after.calls).toMatchObject([{ repetition: 2, batch: 1 }])
    after.settleAll()
    expect(after.status()).toBe('complete')
  })

  test('a barrier that stands is arrived at again, and stays shut', () => {
    const before = startScenario(scenarioSpec({ barriers: [30] }))
    before.start()
    before.settle(0)
    const after = recover(before.stored(), {
      stored: [stored(10), stored(20)],
      unconfirmed: { ranges: [[30, 100]], more: null, confirmed: 30 },
      seenAt: 0,
      at: 0,
    })
    resume(after)
    expect(after.arrived()).toEqual([30])
    expect(after.calls).toEqual([])
    after.release(30)
    expect(called(after)).toEqual([3])
  })

  test('time without an owner is interrupted, and nothing else', () => {
    const before = startScenario()
    before.start()
    before.clock.increment(100)
    before.settle(0)
    const after = recover(before.stored(), {
      stored: [],
      unconfirmed: { ranges: [[10, 100]], more: null, confirmed: 10 },
      seenAt: 150,
      at: 10_000,
    })
    resume(after)
    after.clock.increment(7)
    expect(after.state().spent).toEqual({ running: 150, interrupted: 9_850, user: 0, database: 0, breaker: 0, barrier: 0 })
    expect(elapsedMs(after.state(), 10_007)).toBe(157)
    after.pause()
    expect(after.state().spent).toMatchObject({ running: 157, interrupted: 9_850 })
  })

  test('a user pause goes on: until the last sign of life it was the pause, then nobody owned the run', () => {
    const before = startScenario()
    before.start()
    before.clock.increment(10)
    before.pause()
    const after = recover(before.stored(), {
      stored: [stored(0)],
      unconfirmed: { ranges: [[10, 100]], more: null, confirmed: 10 },
      seenAt: 30,
      at: 50,
    })
    resume(after)
    expect(after.status()).toBe('paused')
    expect(after.calls).toEqual([])
    after.clock.increment(5)
    after.continue()
    expect(after.state().spent).toMatchObject({ running: 10, user: 25, interrupted: 20 })
    expect(called(after)).toEqual([1])
  })

  test('what was stored decides at once: too many failed, or all is settled', () => {
    const before = startScenario()
    before.start()
    const failed = recover(before.stored(), {
      stored: [stored(0, { failed: true })],
      unconfirmed: { ranges: [[10, 100]], more: null, confirmed: 0 },
      seenAt: 0,
      at: 0,
    })
    resume(failed)
    expect(failed.status()).toBe('failed')
    expect(failed.calls).toEqual([])
    const all = Array.from({ length: 10 }, (_, i) => stored(10 * i))
    const complete = recover(before.stored(), { stored: all, unconfirmed: { ranges: [], more: null, confirmed: 100 }, seenAt: 0, at: 0 })
    resume(complete)
    expect(complete.status()).toBe('complete')
    expect(complete.milestones()).toEqual([30, 50, 70, 90, 100])
    expect(complete.messages.filter((m) => m.type === 'scenario.changed' && m.claim)).toHaveLength(1)
  })

  test('in the middle of a new round it counts what older rounds confirmed', () => {
    const before = startScenario()
    before.start()
    before.settle(0)
    before.settle(1)
    before.send({ type: 'scenario.cancel', at: 0 })
    before.restart()
    // The batch that was in flight at the cancel was stored, and the first of the new round.
    const after = recover(before.stored(), {
      stored: [stored(30)],
      unconfirmed: { ranges: [[40, 100]], more: null, confirmed: 40 },
      seenAt: 0,
      at: 0,
    })
    resume(after)
    after.settleAll()
    expect(after.state().repetitions[0]).toMatchObject({ settled: 100, failed: 0, milestone: 100 })
    expect(after.status()).toBe('complete')
  })

  test('a restored scenario says again how far it is, and arms its budget with what was used', () => {
    const before = startScenario(scenarioSpec({ timeBudgetMs: 1_000 }))
    before.start()
    for (const batch of [0, 1, 2]) before.settle(batch, { activeMs: 100 * (batch + 1) })
    const after = recover(before.stored(), {
      stored: [],
      unconfirmed: { ranges: [[30, 100]], more: null, confirmed: 30 },
      seenAt: 0,
      at: 0,
    })
    resume(after)
    expect(after.budgets).toEqual([{ limitMs: 1_000, usedMs: 300 }])
    expect(after.messages).toMatchObject([
      { type: 'scenario.changed', status: 'running' },
      { type: 'scenario.reached', pct: 30 },
    ])
    expect(after.facts).toEqual([])
  })
})

test('halved batches end at a barrier that whole ones would have gone beyond', () => {
  const s = initialState(scenarioSpec({ size: 20, batchSize: 10, barriers: [25], milestones: [0, 25, 100] }))
  expect(handOut(s)).toEqual({ ranges: [[0, 10]], work: [[10, 20]] })
  expect(handOut({ ...s, halvings: 1, uneven: true })).toEqual({ ranges: [[0, 5]], work: [[5, 20]] })
})
