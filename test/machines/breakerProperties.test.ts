import fc from 'fast-check'
import { expect, test } from 'vitest'
import { step, wakeAt } from '../../src/machines/breakerRules.ts'
import { neverWorked } from '../../src/machines/breakerTrial.ts'
import type { Breaker, BreakerSpec } from '../../src/machines/breakerState.ts'
import { action, BreakerModel, spec, type Action, type Taken } from './breakerModel.ts'
import { breakerSpec } from './breakerSpec.ts'
import { propertyRuns } from './propertyRuns.ts'

const actions = fc.array(action, { maxLength: 120, size: 'max' })

const always = (what: (taken: Taken) => void) => alwaysAnew(spec, () => what)

/** Something that holds of every step of every sequence; each sequence begins with one of its own. */
function alwaysAnew(given: fc.Arbitrary<BreakerSpec>, begin: () => (taken: Taken) => void) {
  let steps = 0
  fc.assert(
    fc.property(given, actions, (options, happenings) => {
      const what = begin()
      const model = new BreakerModel(options, (taken) => {
        steps++
        what(taken)
      })
      for (const each of happenings) model.do(each)
    }),
    { numRuns: propertyRuns() },
  )
  expect(steps).toBeGreaterThan(0)
}

const isCurrent = ({ event, before }: Taken) => 'generation' in event && event.generation === before.generation

test('the sum is never negative, and in closed below the threshold where there are calls enough', () => {
  always(({ after, event, before }) => {
    expect(after.sum).toBeGreaterThanOrEqual(0)
    const { threshold, minimumCalls } = after.spec.options
    if (event.type === 'call.failed' && before.status === 'closed' && after.status === 'closed' && minimumCalls === 0)
      expect(after.sum).toBeLessThan(threshold)
  })
})

test('nothing passes in open or forcedOpen, and no more than the probes in halfOpen', () => {
  always(({ after, at }) => {
    const { permits, status, spec: given } = after
    if (status !== 'halfOpen') expect(permits).toEqual([])
    expect(permits.length).toBeLessThanOrEqual(given.options.probes)
    expect(new Set(permits.map(({ id }) => id)).size).toBe(permits.length)
    for (const { until } of permits) expect(until).toBeGreaterThan(at)
  })
})

test('what began before the last change changes nothing', () => {
  always((taken) => {
    const { event, before, after, at } = taken
    if (!('generation' in event) || isCurrent(taken)) return
    const withoutIt = step(before, { type: 'deadline.passed' }, at)
    // That it works is known, however long the call was on its way.
    const isNews = event.type === 'call.succeeded' && !before.proven
    expect(after).toEqual(isNews ? { ...withoutIt, proven: true, alike: null } : withoutIt)
    if (withoutIt === before && !isNews) expect(after).toBe(before)
  })
})

test('generations never fall, and grow with every change of status', () => {
  always(({ before, after }) => {
    expect(after.generation).toBeGreaterThanOrEqual(before.generation)
    if (after.status !== before.status || after.exhausted !== before.exhausted) expect(after.generation).toBeGreaterThan(before.generation)
    expect(after.issued).toBeGreaterThanOrEqual(before.issued)
  })
})

test('what is as it was is the very same object', () => {
  always(({ before, after }) => {
    if (after !== before) expect(after).not.toEqual(before)
  })
})

test('it stays in JSON what it is', () => {
  always(({ event, before, after, at }) => {
    expect(JSON.parse(JSON.stringify(after))).toEqual(after)
    expect(step(JSON.parse(JSON.stringify(before)) as Breaker, event, at)).toEqual(after)
  })
})

test('it only ever waits for a time that is known, unless it has given up or somebody has forced it', () => {
  always(({ after }) => {
    if (after.exhausted) expect([after.status, after.probeAt]).toEqual(['open', null])
    else if (after.status === 'open') expect(after.probeAt).not.toBeNull()
    else expect(after.probeAt).toBeNull()
  })
})

test('a cooldown is never longer than the longest, and it opens only after its end', () => {
  always(({ before, after, event, at }) => {
    const { maxCooldownMs } = after.spec.options
    if (after.status === 'open' && after.generation > before.generation && !after.exhausted) {
      expect(after.probeAt! - at).toBeLessThanOrEqual(maxCooldownMs)
      expect(after.probeAt!).toBeGreaterThanOrEqual(at)
    }
    if (before.status === 'open' && after.status === 'halfOpen' && event.type !== 'breaker.rearm')
      expect(at).toBeGreaterThanOrEqual(before.probeAt!)
  })
})

test('it gives up after exactly as many failed probes as it may', () => {
  always(({ before, after }) => {
    const { maxRecoveryAttempts } = after.spec.options
    expect(after.recoveryAttempts).toBeLessThanOrEqual(maxRecoveryAttempts)
    // What never worked needs no second probe.
    if (after.exhausted && !before.exhausted && !neverWorked(after)) expect(after.recoveryAttempts).toBe(maxRecoveryAttempts)
    else if (after.exhausted) expect(after.recoveryAttempts).toBeGreaterThan(0)
    else if (after.status !== 'forcedOpen') expect(after.recoveryAttempts).toBeLessThan(maxRecoveryAttempts)
  })
})

test('whatever was lost: once cooldown and leases are over a probe may pass again', () => {
  let granted = 0
  fc.assert(
    fc.property(spec, actions, (options, happenings) => {
      const model = new BreakerModel(options)
      for (const each of happenings) model.do(each)
      const { status, exhausted } = model.breaker
      if (exhausted || (status !== 'open' && status !== 'halfOpen')) return
      // Deadlines come one after the other: the cooldown's, or that of a lease.
      const wake = wakeAt(model.breaker)
      if (wake !== null) model.now = Math.max(model.now, wake)
      const { issued } = model.breaker
      model.take({ type: 'probe.requested' })
      expect(model.breaker).toMatchObject({ status: 'halfOpen', issued: issued + 1 })
      granted++
      model.take({ type: 'call.succeeded', generation: model.breaker.generation, permit: issued + 1, durationMs: 1 })
      expect(model.breaker.status).toBe('closed')
    }),
    { numRuns: propertyRuns() },
  )
  expect(granted).toBeGreaterThan(0)
})

/** What the window holds, worked out from everything that was ever counted since it closed. */
function sumOf(calls: readonly { at: number; change: number }[], now: number, { windowMs, windowCount }: BreakerSpec['options']): number {
  const last = windowCount === null ? calls : calls.slice(-windowCount)
  const inside = windowMs === null ? last : last.filter(({ at }) => at > now - windowMs)
  return inside.reduce((sum, { change }) => Math.max(0, sum + change), 0)
}

/** What a call does to the sum; `null`: it does not count. */
function changeOf({ event, before }: Taken): number | null {
  const { weights, slowCallMs } = before.spec.options
  if (event.type === 'call.failed') return weights[event.class] > 0 ? weights[event.class] : null
  if (event.type !== 'call.succeeded') return null
  const isSlow = slowCallMs !== null && event.durationMs >= slowCallMs && weights.slow > 0
  return isSlow ? weights.slow : -1
}

const windowed = spec.filter(({ options }) => options.windowMs !== null || options.windowCount !== null)

test('windows are bounded, and their sum is that of the whole history', () => {
  let counted = 0
  alwaysAnew(windowed, () => {
    let generation = 0
    let history: { at: number; change: number }[] = []
    return (taken) => {
      const { before, after, at } = taken
      const { options } = after.spec
      if (options.windowCount !== null) expect(after.window.length).toBeLessThanOrEqual(options.windowCount)
      if (before.generation !== generation) history = []
      generation = before.generation
      const change = before.status === 'closed' && isCurrent(taken) ? changeOf(taken) : null
      if (change === null) return
      history.push({ at, change })
      counted++
      expect(after.sum).toBeCloseTo(sumOf(history, at, options), 9)
    }
  })
  expect(counted).toBeGreaterThan(propertyRuns())
})

test('a window of time does not grow with the calls in it', () => {
  const model = new BreakerModel(breakerSpec({ windowMs: 1_000_000, threshold: 1e9 }))
  const one: Action = { type: 'end', which: 0, ok: false, class: 'critical', durationMs: 1 }
  for (let i = 0; i < 1_500; i++) {
    model.do({ type: 'begin' })
    model.do(one)
  }
  expect(model.breaker.window).toHaveLength(1_000)
  expect(model.breaker.sum).toBe(1_000)
})
