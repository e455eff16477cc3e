import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { restore } from '../../src/host/restore.ts'
import { storedBreaker } from '../../src/host/stored.ts'
import { BREAKER_VERSION } from '../../src/machines/breaker.ts'
import { breakerAfter, changeOf, type BreakerChange } from '../../src/machines/breakerFacts.ts'
import { initialBreaker, type Breaker, type BreakerSpec } from '../../src/machines/breakerState.ts'
import { openMemoryStore } from '../../src/persistence/memory.ts'
import { CountingClock, startBreaker } from './breakerHarness.ts'
import { action, BreakerModel, spec } from './breakerModel.ts'
import { portraitOf, wanted } from './breakerPortrait.ts'
import { ENDS, GIVEN_UP, PROBES, PROBING } from './breakerProbes.ts'
import { CLOSED, DISABLE, fails, OPEN, PROBE, RESET, succeeds, touchy, type Sequence } from './breakerSequences.ts'
import { breakerSpec } from './breakerSpec.ts'
import { PERSONS, TRIALS } from './breakerTrials.ts'
import { BORN_DISABLED, COMMANDS, WINDOWS } from './breakerWindows.ts'
import { propertyRuns } from './propertyRuns.ts'
import { runSpec } from './runHarness.ts'

/** Lives through moments; what it is like after each is asked of the machine, its chart, and its gate. */
function liveThrough({ spec: given, moments }: Sequence) {
  const live = startBreaker(given)
  for (const [i, moment] of moments.entries()) {
    live.clock.set(moment[0])
    live.send(moment[1])
    expect({ moment: i, chart: live.status(), ...portraitOf(live.state()) }).toEqual({ moment: i, chart: moment[2], ...wanted(moment) })
    expect(live.isPassing()).toBe(moment[2] === 'closed' || moment[2] === 'disabled')
  }
  return live
}

describe('the machine does what the rules say', () => {
  test.each([...CLOSED, ...WINDOWS, ...PROBES, ...ENDS, ...PERSONS, ...TRIALS, ...COMMANDS, BORN_DISABLED])('$name', (sequence) => {
    const live = liveThrough(sequence)
    // Its gate has followed it: what it lets through is what the status says.
    const pass = () => live.gate.enter(false)
    if (live.isPassing()) expect(pass()).toEqual({ generation: live.state().generation, permit: null })
    else expect(pass).toThrow('The breaker of skill "default" is open')
  })
})

describe('its deadlines', () => {
  test('are one at a time, and none where it waits for nothing', () => {
    const clock = new CountingClock()
    const { send } = startBreaker(touchy({ probes: 2 }, { leaseMs: 500 }), { clock })
    const armedAfter = (event: Parameters<typeof send>[0]) => {
      send(event)
      return clock.armed.size
    }
    expect([armedAfter(fails('critical')), armedAfter(RESET), armedAfter(fails('critical', 2))]).toEqual([1, 0, 1])
    clock.set(1_000)
    expect(clock.armed.size).toBe(0)
    expect([armedAfter(PROBE), armedAfter(PROBE), armedAfter(fails('ignored', 4, 1))]).toEqual([1, 1, 1])
    expect([armedAfter(fails('critical', 4, 2)), armedAfter(OPEN)]).toEqual([1, 0])
  })

  test('it becomes half-open by itself, exactly at the end of its cooldown', () => {
    const { send, clock, status, facts } = startBreaker(touchy())
    clock.set(5)
    send(fails('critical'))
    clock.set(1_004)
    expect(status()).toBe('open')
    clock.set(1_005)
    expect(status()).toBe('halfOpen')
    expect(facts.at(-1)).toMatchObject({ type: 'breaker.halfOpened', cause: 'deadline.passed', at: 1_005 })
  })

  test('a lost probe is given up by itself, and then the next, each at the end of its own lease', () => {
    const { send, clock, state } = startBreaker(touchy({ probes: 2 }, { leaseMs: 500 }))
    send(fails('critical'))
    clock.set(1_000)
    send(PROBE)
    clock.set(1_200)
    send(PROBE)
    const permits = () => state().permits.map(({ id }) => id)
    clock.set(1_499)
    expect(permits()).toEqual([1, 2])
    clock.set(1_500)
    expect(permits()).toEqual([2])
    clock.set(1_699)
    expect(permits()).toEqual([2])
    clock.set(1_700)
    expect(permits()).toEqual([])
  })

  test('a command takes the deadline away', () => {
    for (const command of [OPEN, DISABLE, RESET]) {
      const { send, clock, state, facts } = startBreaker(touchy())
      send(fails('critical'))
      send(command)
      const before = state()
      clock.set(1_000_000)
      expect(state()).toBe(before)
      expect(facts).toHaveLength(2)
    }
  })
})

/** As a process leaves it in the store, and as the next one finds it there. */
async function stored(breaker: Breaker, now = breaker.probeAt ?? 0): Promise<Breaker> {
  const store = openMemoryStore({ clock: { now: () => 0, setTimeout: () => 0, clearTimeout() {} } })
  const run = await store.create({ id: 'run-1', name: 'run', plan: {}, fingerprint: 'f', skillVersions: {} })
  const state = JSON.parse(JSON.stringify(storedBreaker(breaker)))
  await store.journal.append(run, [{ kind: 'breaker', variant: 'default', version: BREAKER_VERSION, state }])
  const given = runSpec({ breakers: [breaker.spec] })
  const { breakers } = await restore({ store, spec: given, seenAt: 0, now })
  return breakers.default!
}

describe('a restore', () => {
  test.each([
    ['before the end of its cooldown', 400, 999],
    ['long after it', 5_000_000, 5_000_000],
  ])('of an open one %s: it probes at the original time, or at once', async (_when, at, still) => {
    const before = startBreaker(touchy({ maxRecoveryAttempts: 9 }))
    before.send(fails('critical'))
    const restored = await stored(before.state())
    before.stop()
    const { send, clock, status, gate, told, facts } = startBreaker(before.state().spec, { at, stored: restored })
    expect(told).toEqual([])
    send({ type: 'breaker.resume' })
    if (still < 1_000) {
      expect(told).toEqual([
        { type: 'breaker.changed', variant: 'default', status: 'open', exhausted: false, neverWorked: false, probes: 1, at },
      ])
      clock.set(still)
      expect(status()).toBe('open')
      expect(() => gate.enter(true)).toThrow(expect.objectContaining({ retryAfterMs: 1 }))
      clock.set(1_000)
    }
    expect(status()).toBe('halfOpen')
    expect(facts).toMatchObject([{ type: 'breaker.halfOpened', from: 'open', generation: 2 }])
    const pass = gate.enter(true)
    gate.succeeded(pass, 1)
    expect(status()).toBe('closed')
  })

  test.each(GIVEN_UP.map((_, i) => [GIVEN_UP[i]![2], i + 1] as const))(
    'of one that is %s (%i moments of its life)',
    async (_status, count) => {
      const before = startBreaker(touchy({ maxRecoveryAttempts: 2 }))
      for (const [at, event] of GIVEN_UP.slice(0, count)) {
        before.clock.set(at)
        before.send(event)
      }
      const restored = await stored(before.state())
      // The probe died with its process; all else is as it was.
      expect(restored).toEqual({ ...before.state(), permits: [] })
      const after = startBreaker(before.state().spec, { at: before.clock.now(), stored: restored })
      after.send({ type: 'breaker.resume' })
      expect(after.state()).toEqual(restored)
      expect(after.status()).toBe(before.status())
      expect(after.facts).toEqual([])
    },
  )

  test('a new probe may pass at once, and the answer of the one that was lost finds nobody', async () => {
    const before = startBreaker(touchy())
    for (const [at, event] of PROBING) {
      before.clock.set(at)
      before.send(event)
    }
    const after = startBreaker(before.state().spec, { at: 1_001, stored: await stored(before.state()) })
    after.send({ type: 'breaker.resume' })
    const pass = after.gate.enter(true)
    expect(pass).toEqual({ generation: 2, permit: 2 })
    after.send(succeeds(2, 1))
    expect(after.status()).toBe('halfOpen')
    after.gate.succeeded(pass, 1)
    expect(after.status()).toBe('closed')
  })
})

/** Nothing has succeeded, and nothing is known of what failed. */
const UNKNOWN = { proven: false, alike: false } as const

describe('what it lets the world know', () => {
  test('every change carries the sum that caused it', () => {
    const { send, clock, facts } = startBreaker(breakerSpec({ jitter: 0, threshold: 1.5, maxRecoveryAttempts: 1 }))
    const change: Partial<BreakerChange> = { class: null, message: null, threshold: 1.5, recoveryAttempts: 0, probeAt: null, ...UNKNOWN }
    const { seed } = initialBreaker(breakerSpec())
    send(fails('critical'))
    expect(facts.splice(0)).toEqual([{ type: 'breaker.counted', at: 0 }])
    clock.set(10)
    send({ type: 'call.failed', class: 'transient', generation: 0, permit: null, message: 'too much to do' })
    expect(facts.splice(0)).toEqual([
      {
        ...change,
        ...{ type: 'breaker.opened', from: 'closed', cause: 'call.failed', class: 'transient', message: 'too much to do' },
        ...{ sum: 1.5, probeAt: 30_010, generation: 1, seed, at: 10 },
      },
    ])
    clock.set(30_010)
    const halfOpened = { ...change, type: 'breaker.halfOpened', from: 'open', sum: 1.5 }
    expect(facts.splice(0)).toEqual([{ ...halfOpened, cause: 'deadline.passed', generation: 2, seed, at: 30_010 }])
    send(PROBE)
    expect(facts.splice(0)).toEqual([{ type: 'breaker.counted', at: 30_010 }])
    send(succeeds(2, 1))
    expect(facts.splice(0)).toEqual([
      {
        ...{ ...change, type: 'breaker.closed', from: 'halfOpen', cause: 'call.succeeded', sum: 1.5, generation: 3, seed, at: 30_010 },
        ...{ proven: true, alike: null },
      },
    ])
    send(fails('critical', 3))
    send(DISABLE)
    send(OPEN)
    send(RESET)
    expect(facts.splice(0).slice(1)).toMatchObject([
      { type: 'breaker.disabled', from: 'closed', cause: 'breaker.disable', sum: 1 },
      { type: 'breaker.forcedOpen', from: 'disabled', cause: 'breaker.open', sum: 0 },
      { type: 'breaker.closed', from: 'forcedOpen', cause: 'breaker.reset', sum: 0, generation: 6 },
    ])
  })

  test('that it has given up is a fact of its own', () => {
    const { facts } = liveThrough({ name: '', spec: touchy({ maxRecoveryAttempts: 2 }), moments: GIVEN_UP })
    expect(facts.at(-1)).toMatchObject({ type: 'breaker.exhausted', from: 'halfOpen', sum: 1, recoveryAttempts: 2, probeAt: null })
  })

  test('its parent hears of changes of status, and of nothing else', () => {
    const { told } = liveThrough({ name: '', spec: touchy({ maxRecoveryAttempts: 2 }), moments: GIVEN_UP })
    const view = { type: 'breaker.changed', variant: 'default', exhausted: false, neverWorked: false, probes: 1 }
    expect(told).toEqual([
      { ...view, status: 'open', at: 0 },
      { ...view, status: 'halfOpen', at: 1_000 },
      { ...view, status: 'open', at: 1_100 },
      { ...view, status: 'halfOpen', at: 3_100 },
      { ...view, status: 'open', exhausted: true, at: 3_200 },
    ])
  })

  test('every change rebuilds the state that it left', () => {
    let changes = 0
    fc.assert(
      fc.property(spec, fc.array(action, { maxLength: 120, size: 'max' }), (given: BreakerSpec, actions) => {
        const model = new BreakerModel(given, ({ event, at, before, after }) => {
          const fact = changeOf(before, after, { ...event, at })
          expect(fact === null).toBe(after === before)
          if (fact === null) return
          expect(fact.type === 'breaker.counted').toBe(after.generation === before.generation)
          if (fact.type === 'breaker.counted') return
          changes++
          const { type, at: _at, ...data } = JSON.parse(JSON.stringify(fact)) as BreakerChange
          // Permits live and die with a process; their ids only tell those of one apart.
          expect({ ...breakerAfter(initialBreaker(given), { type, data }), issued: after.issued }).toEqual({ ...after, permits: [] })
        })
        for (const each of actions) model.do(each)
      }),
      { numRuns: propertyRuns() },
    )
    expect(changes).toBeGreaterThan(propertyRuns())
  })
})
