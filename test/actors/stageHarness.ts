import { SimulatedClock } from 'xstate'
import { Activity } from '../../src/actors/activity.ts'
import { KeptItems } from '../../src/actors/itemProgress.ts'
import { attemptBatch, type BatchCall } from '../../src/actors/attempt.ts'
import { Gate } from '../../src/actors/gate.ts'
import { Ledger, type Durability } from '../../src/actors/ledger.ts'
import type { Stage } from '../../src/actors/stage.ts'
import { Turn } from '../../src/actors/turn.ts'
import { initialBreaker } from '../../src/machines/breakerState.ts'
import type { Settled } from '../../src/machines/tally.ts'
import type { BatchFact, EventFact, Fact } from '../../src/persistence/facts.ts'
import type { CallOptions, SkillCall, SkillOutcome } from '../../src/skills/skill.ts'
import { breakerSpec } from '../machines/breakerSpec.ts'

/** Everything that was promised so far has happened. */
export const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))

/** A journal that writes when it is told to, or at once. */
export class FakeJournal {
  readonly writes: { facts: readonly Fact[]; resolve: () => void; reject: (error: unknown) => void }[] = []
  readonly #atOnce: boolean

  constructor({ atOnce = true } = {}) {
    this.#atOnce = atOnce
  }

  append(_run: unknown, facts: readonly Fact[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.writes.push({ facts, resolve, reject })
    if (this.#atOnce) resolve()
    return promise
  }

  get facts(): Fact[] {
    return this.writes.flatMap(({ facts }) => facts)
  }

  get batches(): BatchFact[] {
    return this.facts.filter((fact) => fact.kind === 'batch')
  }

  get events(): EventFact[] {
    return this.facts.filter((fact) => fact.kind === 'event')
  }
}

export const batchCall = (changes: Partial<BatchCall> = {}): BatchCall => ({
  repetition: 1,
  round: 0,
  firstRound: 0,
  batch: 3,
  from: 30,
  items: 10,
  alone: false,
  ...changes,
})

interface Answering {
  call: SkillCall
  options: CallOptions
  answer: (changes?: Partial<SkillOutcome>) => void
  refuse: (error: unknown) => void
}

/** What lanes work on, with a skill that answers when the test says so. */
export function startStage(changes: Partial<Stage> & { durability?: Durability; journal?: FakeJournal } = {}) {
  const { durability = 'batch', journal = new FakeJournal(), ...given } = changes
  const clock = new SimulatedClock()
  const calls: Answering[] = []
  const fatal: unknown[] = []
  const rests: number[] = []
  const ledger = new Ledger(journal, { id: 'run-1', epoch: 1 }, durability, (error) => void fatal.push(error))
  const stage: Stage = {
    run: 'run-1',
    variant: 'default',
    scenario: 'simple',
    clock,
    random: () => 0,
    skill: {
      call: (call, options) =>
        new Promise((resolve, reject) => {
          options.onStart()
          const startedAt = clock.now()
          const outcome = {
            result: '["r"]',
            processed: call.items.length,
            quality: { accuracy: 0.5 },
            usage: null,
            cpuMs: 2,
            memoryPeakMb: 70,
          }
          const answer = (more: Partial<SkillOutcome> = {}) =>
            resolve({ ...outcome, startedAt, activeMs: clock.now() - startedAt, ...more })
          calls.push({ call: structuredClone(call), options, answer, refuse: reject })
          options.signal.addEventListener('abort', () => reject(options.signal.reason))
        }),
      rest: () => void rests.push(clock.now()),
      async close() {},
    },
    reader: { read: (from, count) => Array.from({ length: count }, (_, i) => `item ${from + i}`), async close() {} },
    ledger,
    activity: new Activity(clock, 0),
    gate: new Gate(initialBreaker(breakerSpec({}, { disabled: true })), clock),
    turn: new Turn(),
    mayProbe: true,
    kept: new KeptItems(),
    retry: { attempts: 3, backoffMs: 200, factor: 2, maxMs: 10_000, jitter: 0.5, on: ['transient'] },
    directory: '/plan',
    batchTimeoutMs: 30_000,
    warmupBatches: 0,
    redact: (text: string) => text,
    parallel: 1,
    window: 0,
    shutdown: new AbortController(),
    inHand: 0,
    batches: new Set(),
    tell() {},
    onFatal: (error) => void fatal.push(error),
    ...given,
  }
  return { stage, clock, calls, journal, ledger, fatal, rests }
}

/** One batch on its way, with what came of it so far. */
export function startAttempt(changes: Parameters<typeof startStage>[0] = {}, call = batchCall()) {
  const started = startStage(changes)
  const controller = new AbortController()
  const called: number[] = []
  const outcome: { settled?: Settled; error?: unknown } = {}
  const done = attemptBatch(started.stage, call, controller.signal, { onCalled: () => void called.push(started.clock.now()) }).then(
    (settled) => void (outcome.settled = settled),
    (error: unknown) => void (outcome.error = error),
  )
  return { ...started, outcome, called, done, abort: () => controller.abort(new DOMException('Stop', 'AbortError')) }
}
