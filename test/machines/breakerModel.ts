import fc from 'fast-check'
import { isBlocking, step, wakeAt } from '../../src/machines/breakerRules.ts'
import { initialBreaker, type Breaker, type BreakerRulesEvent, type BreakerSpec } from '../../src/machines/breakerState.ts'
import { breakerSpec } from './breakerSpec.ts'

const zeroOr = (...weights: number[]) => fc.constantFrom(0, ...weights)

export const spec: fc.Arbitrary<BreakerSpec> = fc
  .record({
    threshold: fc.constantFrom(0.5, 1, 2, 3, 3, 4.5),
    weights: fc.record({
      critical: fc.constantFrom(1, 1, 0.1, 2),
      recoverable: fc.constantFrom(1, 0.7),
      transient: zeroOr(0.5, 0.5),
      ignored: fc.constantFrom(0, 0, 0, 0.25),
      slow: zeroOr(0.5),
    }),
    cooldownMs: fc.integer({ min: 1, max: 2_000 }),
    backoff: fc.constantFrom(1, 1.5, 2),
    maxCooldownMs: fc.integer({ min: 1, max: 6_000 }),
    jitter: fc.constantFrom(0, 0.1, 1),
    probes: fc.constantFrom(1, 1, 2, 3),
    maxRecoveryAttempts: fc.integer({ min: 1, max: 6 }),
    window: fc.oneof(
      fc.constant({ windowMs: null, windowCount: null }),
      fc.integer({ min: 1, max: 1_500 }).map((windowMs) => ({ windowMs, windowCount: null })),
      fc.integer({ min: 1, max: 12 }).map((windowCount) => ({ windowMs: null, windowCount })),
    ),
    minimumCalls: fc.constantFrom(0, 0, 3, 9),
    slowCallMs: fc.constantFrom(null, 100),
  })
  .chain(({ window, ...options }) =>
    fc.integer({ min: 1, max: 1_000 }).map((leaseMs) => breakerSpec({ ...options, ...window }, { leaseMs })),
  )

export type Action =
  | { type: 'begin' }
  /** One of the calls under way comes to its end, or is never heard of again. */
  | {
      type: 'end' | 'lose'
      which: number
      ok: boolean
      class: 'critical' | 'recoverable' | 'transient' | 'ignored'
      durationMs: number
      way?: string
    }
  /** Somebody answers whose call nobody knows of. */
  | { type: 'stray'; generation: number; permit: number | null; ok: boolean }
  | { type: 'advance'; ms: number }
  | { type: 'deadline' }
  | { type: 'breaker.open' | 'breaker.disable' | 'breaker.reset' | 'breaker.rearm' | 'breaker.recover' }

export const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ type: 'begin' as const }) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constantFrom('end' as const, 'end' as const, 'end' as const, 'lose' as const),
      which: fc.nat({ max: 9 }),
      ok: fc.boolean(),
      class: fc.constantFrom('critical' as const, 'recoverable' as const, 'transient' as const, 'ignored' as const),
      durationMs: fc.constantFrom(1, 99, 100, 700),
      way: fc.constantFrom('a', 'a', 'a', 'a', 'b'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('stray' as const),
      generation: fc.integer({ min: -1, max: 20 }),
      permit: fc.option(fc.nat({ max: 9 })),
      ok: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.constantFrom(1, 10, 300, 2_000) }) },
  { weight: 3, arbitrary: fc.constant({ type: 'deadline' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'breaker.open' as const,
        'breaker.disable' as const,
        'breaker.reset' as const,
        'breaker.rearm' as const,
        'breaker.recover' as const,
      ),
    }),
  },
)

export interface Taken {
  event: BreakerRulesEvent
  at: number
  before: Breaker
  after: Breaker
}

/** A breaker with callers that are honest about what they were given, and some that are not. */
export class BreakerModel {
  readonly #taken: (taken: Taken) => void
  breaker: Breaker
  now = 0
  #calls: { generation: number; permit: number | null }[] = []

  constructor(given: BreakerSpec, taken: (taken: Taken) => void = () => {}) {
    this.breaker = initialBreaker(given)
    this.#taken = taken
  }

  do(a: Action) {
    switch (a.type) {
      case 'advance':
        this.now += a.ms
        return
      case 'deadline': {
        const wake = wakeAt(this.breaker)
        if (wake !== null) this.now = Math.max(this.now, wake)
        return this.take({ type: 'deadline.passed' })
      }
      case 'begin':
        return this.begin()
      case 'lose':
      case 'end': {
        const [call] = this.#calls.splice(a.which % Math.max(1, this.#calls.length), 1)
        if (!call || a.type === 'lose') return
        if (a.ok) this.take({ type: 'call.succeeded', ...call, durationMs: a.durationMs })
        else this.take({ type: 'call.failed', ...call, class: a.class, ...(a.way !== undefined && { way: a.way }) })
        return
      }
      case 'stray': {
        const { generation, permit, ok } = a
        if (ok) return this.take({ type: 'call.succeeded', generation, permit, durationMs: 1 })
        return this.take({ type: 'call.failed', generation, permit, class: 'critical' })
      }
      default:
        return this.take({ type: a.type })
    }
  }

  begin() {
    const { status, generation, issued } = this.breaker
    if (!isBlocking(status)) return void this.#calls.push({ generation, permit: null })
    this.take({ type: 'probe.requested' })
    if (this.breaker.issued > issued) this.#calls.push({ generation: this.breaker.generation, permit: this.breaker.issued })
  }

  take(event: BreakerRulesEvent) {
    const before = this.breaker
    this.breaker = step(before, event, this.now)
    this.#taken({ event, at: this.now, before, after: this.breaker })
  }
}
