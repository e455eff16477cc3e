import { getEventListeners } from 'node:events'
import { SimulatedClock } from 'xstate'
import { describe, expect, test } from 'vitest'
import { Gate } from '../../src/actors/gate.ts'
import { BreakerOpenError } from '../../src/errors.ts'
import type { BreakerEvent } from '../../src/machines/breaker.ts'
import { step } from '../../src/machines/breakerRules.ts'
import { initialBreaker, type BreakerSpec } from '../../src/machines/breakerState.ts'
import { startBreaker } from '../machines/breakerHarness.ts'
import { fails, OPEN, PROBE, touchy } from '../machines/breakerSequences.ts'
import { breakerSpec } from '../machines/breakerSpec.ts'
import { turn } from './stageHarness.ts'

/** A gate under a breaker that does what it is told, and keeps what it was told. */
function startGate(spec: BreakerSpec = breakerSpec()) {
  let breaker = initialBreaker(spec)
  const told: BreakerEvent[] = []
  const gate = new Gate(breaker, new SimulatedClock())
  gate.connect((event) => {
    told.push(event)
    if (event.type === 'breaker.resume') return
    breaker = step(breaker, event, event.at)
    gate.follow(breaker)
  })
  return { gate, told }
}

describe('what goes up', () => {
  test.each([
    ['nothing special', {}],
    ['a window of time', { windowMs: 60_000 }],
    ['a window of calls', { windowCount: 10 }],
    ['a limit for slow calls', { slowCallMs: 10_000 }],
  ])('of good calls the first alone wakes an actor, with %s', (_what, options) => {
    const { gate, told } = startGate(breakerSpec(options))
    for (let i = 0; i < 100; i++) gate.succeeded(gate.enter(true), 5)
    expect(told).toMatchObject([{ type: 'call.succeeded', durationMs: 5 }])
  })

  test('a failure does, and then the successes that make up for it', () => {
    const { gate, told } = startGate()
    gate.failed(gate.enter(true), 'transient')
    gate.succeeded(gate.enter(true), 5)
    gate.succeeded(gate.enter(true), 5)
    gate.failed(gate.enter(true), 'ignored')
    expect(told).toMatchObject([
      { type: 'call.failed', class: 'transient', generation: 0, permit: null },
      { type: 'call.succeeded', durationMs: 5, generation: 0, permit: null },
    ])
  })

  test('a disabled one hears whether its skill has ever worked, and no more', () => {
    const { gate, told } = startGate(breakerSpec({}, { disabled: true }))
    const error = { name: 'Error', message: 'item 7 is wrong' }
    for (let i = 0; i < 10; i++) gate.failed(gate.enter(false), 'critical', error)
    for (let i = 0; i < 10; i++) gate.succeeded(gate.enter(false), 5)
    gate.failed(gate.enter(false), 'critical', error)
    expect(told).toMatchObject([
      { type: 'call.failed', message: 'item 7 is wrong', way: 'Error: item # is wrong' },
      { type: 'call.succeeded' },
    ])
  })
})

describe('what may pass', () => {
  test('nothing while it is open; it says for how long', () => {
    const { gate, send, clock } = startBreaker(touchy())
    send(fails('critical'))
    clock.set(300)
    expect(() => gate.enter(true)).toThrow(BreakerOpenError)
    expect(() => gate.enter(true)).toThrow(expect.objectContaining({ retryAfterMs: 700, code: 'BREAKER_OPEN', class: 'ignored' }))
    send(OPEN)
    expect(() => gate.enter(true)).toThrow(expect.objectContaining({ retryAfterMs: null }))
  })

  test('while it is half-open a probe of those who may, and no second one', () => {
    const { gate, send, clock } = startBreaker(touchy())
    send(fails('critical'))
    clock.set(1_000)
    expect(() => gate.enter(false)).toThrow(BreakerOpenError)
    expect(gate.enter(true)).toEqual({ generation: 2, permit: 1 })
    expect(() => gate.enter(true)).toThrow(BreakerOpenError)
  })

  test('a call that has waited for its process is asked again: it may not begin once the breaker has changed', () => {
    const { gate, send, clock } = startBreaker(touchy())
    const early = gate.enter(true)
    gate.check(early)
    send(fails('critical'))
    expect(() => gate.check(early)).toThrow(BreakerOpenError)
    clock.set(1_000)
    expect(() => gate.check(early)).toThrow(BreakerOpenError)
    const probe = gate.enter(true)
    gate.check(probe)
    gate.succeeded(probe, 1)
    // It is closed, and its answer counts for nothing.
    gate.check(early)
  })

  test('nor may a probe that has waited for longer than its lease: another has its place', () => {
    const { gate, send, clock } = startBreaker(touchy({}, { leaseMs: 500 }))
    send(fails('critical'))
    clock.set(1_000)
    const first = gate.enter(true)
    clock.set(1_499)
    gate.check(first)
    clock.set(1_500)
    expect(() => gate.check(first)).toThrow(BreakerOpenError)
    const second = gate.enter(true)
    gate.check(second)
    expect(() => gate.check(first)).toThrow(BreakerOpenError)
  })
})

describe('those who wait', () => {
  test('are woken in the order in which they came, by every change', async () => {
    const { gate, send } = startBreaker(touchy())
    const woken: number[] = []
    for (const n of [1, 2, 3]) void gate.changed(new AbortController().signal).then(() => woken.push(n))
    await turn()
    expect(woken).toEqual([])
    send(fails('critical'))
    await turn()
    expect(woken).toEqual([1, 2, 3])
    send(PROBE)
    await turn()
    expect(woken).toEqual([1, 2, 3])
  })

  test('leave nothing behind when they are aborted, or woken', async () => {
    const { gate, send } = startBreaker(touchy())
    const woken: string[] = []
    const controllers = ['first', 'second', 'third'].map((name) => {
      const controller = new AbortController()
      gate.changed(controller.signal).then(
        () => woken.push(name),
        (reason: unknown) => woken.push(`${name}: ${String(reason)}`),
      )
      return controller
    })
    controllers[1]!.abort('enough')
    await turn()
    expect(woken).toEqual(['second: enough'])
    send(fails('critical'))
    await turn()
    expect(woken).toEqual(['second: enough', 'first', 'third'])
    for (const { signal } of controllers) expect(getEventListeners(signal, 'abort')).toEqual([])
    // An abort after that is none of the gate's business.
    controllers[0]!.abort()
    send(OPEN)
    await turn()
    expect(woken).toHaveLength(3)
  })

  test('do not begin to, when they are aborted already', async () => {
    const { gate } = startBreaker(touchy())
    await expect(gate.changed(AbortSignal.abort('enough'))).rejects.toBe('enough')
  })
})
