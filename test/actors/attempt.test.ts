import { describe, expect, test } from 'vitest'
import { attemptBatch } from '../../src/actors/attempt.ts'
import type { Stage } from '../../src/actors/stage.ts'
import { MemoryLimitError, SkillInterruptedError, SkillLoadError, UnstorableFactError, UnstorableResultError } from '../../src/errors.ts'
import type { Settled } from '../../src/machines/scenarioRules.ts'
import { CriticalError, RecoverableError, TransientError } from '../../src/skills/errorClass.ts'
import { FakeJournal, laneCall, startStage, turn } from './stageHarness.ts'

/** One batch on its way, with what came of it so far. */
function attempt(changes: Parameters<typeof startStage>[0] = {}, call = laneCall()) {
  const started = startStage(changes)
  const controller = new AbortController()
  const called: number[] = []
  const outcome: { settled?: Settled; error?: unknown } = {}
  const done = attemptBatch(started.stage, call, controller.signal, () => void called.push(started.clock.now())).then(
    (settled) => void (outcome.settled = settled),
    (error: unknown) => void (outcome.error = error),
  )
  return { ...started, outcome, called, done, abort: () => controller.abort(new DOMException('Stop', 'AbortError')) }
}

const transient = () => new TransientError('busy')

test('a batch that succeeds is stored, and then settled', async () => {
  const { clock, calls, journal, outcome } = attempt({ journal: new FakeJournal({ atOnce: false }) })
  clock.increment(5)
  await turn()
  expect(calls[0]!.call).toEqual({
    key: { run: 'run-1', variant: 'default', scenario: 'simple', repetition: 1, round: 0, batch: 3 },
    attempt: 1,
    idempotencyKey: 'run-1/default/simple/1/30-40',
    from: 30,
    items: Array.from({ length: 10 }, (_, i) => `item ${30 + i}`),
  })
  expect(calls[0]!.options.timeoutMs).toBe(30_000)
  clock.increment(12)
  calls[0]!.answer({ usage: { input_tokens: 7 } })
  await turn()
  expect(outcome).toEqual({})
  journal.writes[0]!.resolve()
  await turn()
  expect(outcome.settled).toEqual({
    ...{
      batch: 3,
      items: 10,
      failed: false,
      processed: 10,
      retries: 0,
      errors: {},
      quality: { accuracy: 0.5 },
      memoryPeakMb: 70,
      activeMs: 12,
      at: 17,
    },
  })
  expect(journal.facts).toEqual([
    {
      ...{
        kind: 'batch',
        variant: 'default',
        scenario: 'simple',
        repetition: 1,
        round: 0,
        batch: 3,
        from: 30,
        items: 10,
        attempt: 1,
        outcome: 'ok',
      },
      ...{
        errorClass: null,
        error: null,
        processed: 10,
        result: '["r"]',
        quality: '{"accuracy":0.5}',
        usage: '{"input_tokens":7}',
        warmup: false,
      },
      ...{ startedAt: 5, activeMs: 12, cpuMs: 2 },
    },
  ])
})

describe('write-ahead', () => {
  test('nothing is called before the change of status that caused it is durable', async () => {
    const started = startStage({ journal: new FakeJournal({ atOnce: false }) })
    void started.ledger.commit([{ kind: 'event', at: 0, actor: 'default/simple', type: 'scenario.started', data: {} }])
    void attemptBatch(started.stage, laneCall(), new AbortController().signal)
    await turn()
    expect(started.calls).toEqual([])
    started.journal.writes[0]!.resolve()
    await turn()
    expect(started.calls).toHaveLength(1)
  })

  test('not even one that was stored a moment after the call was asked for', async () => {
    const started = startStage({ journal: new FakeJournal({ atOnce: false }) })
    queueMicrotask(
      () => void started.ledger.commit([{ kind: 'event', at: 0, actor: 'default/simple', type: 'scenario.started', data: {} }]),
    )
    void attemptBatch(started.stage, laneCall(), new AbortController().signal)
    await turn()
    expect(started.calls).toEqual([])
  })

  test('what cannot be stored lets nothing begin', async () => {
    const started = startStage({ journal: new FakeJournal({ atOnce: false }) })
    started.ledger.commit([]).catch(() => {})
    const settled = attemptBatch(started.stage, laneCall(), new AbortController().signal)
    started.journal.writes[0]!.reject(new Error('The run has a newer owner'))
    await expect(settled).rejects.toThrow('newer owner')
    expect(started.calls).toEqual([])
  })
})

describe('retries', () => {
  test('an error of a class in the plan is tried again after a delay, up to its number of attempts', async () => {
    const { calls, clock, journal, outcome } = attempt()
    await turn()
    calls[0]!.refuse(transient())
    await turn()
    clock.increment(199)
    await turn()
    expect(calls).toHaveLength(1)
    clock.increment(1)
    await turn()
    expect(calls).toHaveLength(2)
    calls[1]!.refuse(transient())
    await turn()
    clock.increment(400)
    await turn()
    calls[2]!.answer()
    await turn()
    expect(calls.map(({ call }) => call.attempt)).toEqual([1, 2, 3])
    expect(outcome.settled).toMatchObject({ failed: false, retries: 2, errors: { transient: 2 } })
    expect(journal.batches).toMatchObject([{ outcome: 'ok', attempt: 3 }])
    expect(journal.events.map(({ type, data }) => [type, data.batch, (data.error as { attempt: number }).attempt])).toEqual([
      ['batch.retried', 3, 1],
      ['batch.retried', 3, 2],
    ])
  })

  test('the last attempt decides: failed, stored with its error, and settled', async () => {
    const { calls, clock, journal, outcome } = attempt({
      retry: { attempts: 2, backoffMs: 10, factor: 1, maxMs: 10, jitter: 0, on: ['transient'] },
    })
    await turn()
    calls[0]!.refuse(new TransientError('first'))
    await turn()
    clock.increment(10)
    await turn()
    calls[1]!.refuse(new TransientError('second', { cause: new Error('why') }))
    await turn()
    expect(outcome.settled).toMatchObject({ failed: true, processed: 0, retries: 1, errors: { transient: 2 }, quality: null })
    expect(journal.batches).toMatchObject([{ outcome: 'failed', attempt: 2, errorClass: 'transient', result: null, processed: 0 }])
    expect(JSON.parse(journal.batches[0]!.error!)).toMatchObject({
      message: 'second',
      class: 'transient',
      attempt: 2,
      causes: [{ message: 'why' }],
    })
    expect(journal.events.map(({ type }) => type)).toEqual(['batch.retried', 'batch.failed'])
    // The outcome and its event are one write: neither is there without the other.
    expect(journal.writes.at(-1)!.facts.map(({ kind }) => kind)).toEqual(['batch', 'event'])
  })

  test.each([
    ['critical', () => new CriticalError('wrong')],
    ['recoverable', () => new RecoverableError('broken')],
    ['recoverable', () => new Error('anything')],
  ])('one of class %s is not, unless the plan says so', async (errorClass, error) => {
    const first = attempt()
    await turn()
    first.calls[0]!.refuse(error())
    await turn()
    expect(first.outcome.settled).toMatchObject({ failed: true, retries: 0, errors: { [errorClass]: 1 } })
    const second = attempt({ retry: { attempts: 3, backoffMs: 0, factor: 1, maxMs: 0, jitter: 0, on: ['critical', 'recoverable'] } })
    await turn()
    second.calls[0]!.refuse(error())
    await turn()
    second.clock.increment(0)
    await turn()
    expect(second.calls).toHaveLength(2)
  })

  test('what the other side asked for is waited for', async () => {
    const { calls, clock } = attempt()
    await turn()
    calls[0]!.refuse(new TransientError('busy', { retryAfterMs: 7_000 }))
    await turn()
    clock.increment(6_999)
    await turn()
    expect(calls).toHaveLength(1)
    clock.increment(1)
    await turn()
    expect(calls).toHaveLength(2)
  })

  test('the skill may rest while its batch waits', async () => {
    const { calls, rests } = attempt()
    await turn()
    calls[0]!.refuse(transient())
    await turn()
    expect(rests).toHaveLength(1)
  })

  test('active time is that of all attempts, and not of the waiting between them', async () => {
    const { calls, clock, journal, outcome } = attempt()
    await turn()
    clock.increment(30)
    calls[0]!.refuse(transient())
    await turn()
    clock.increment(200)
    await turn()
    clock.increment(12)
    calls[1]!.answer()
    await turn()
    expect(journal.batches).toMatchObject([{ startedAt: 230, activeMs: 42 }])
    expect(outcome.settled).toMatchObject({ activeMs: 42 })
  })

  test('a failed call takes as long as the skill says, where it says so', async () => {
    const { calls, clock, journal } = attempt()
    await turn()
    clock.increment(30)
    calls[0]!.options.onFailure!({ startedAt: 3, activeMs: 7, cpuMs: null, memoryPeakMb: null })
    calls[0]!.refuse(new CriticalError('no'))
    await turn()
    expect(journal.batches).toMatchObject([{ startedAt: 3, activeMs: 7 }])
  })

  test('one that lost its process to another is run again at once, and that attempt does not count', async () => {
    const { calls, journal, outcome } = attempt({ retry: { attempts: 1, backoffMs: 1_000, factor: 1, maxMs: 1_000, jitter: 0, on: [] } })
    await turn()
    calls[0]!.refuse(new SkillInterruptedError('Another batch had to be killed'))
    await turn()
    expect(calls.map(({ call }) => call.attempt)).toEqual([1, 1])
    calls[1]!.answer()
    await turn()
    expect(outcome.settled).toMatchObject({ failed: false, retries: 0, errors: {} })
    expect(journal.batches).toMatchObject([{ attempt: 1 }])
    expect(journal.events).toEqual([])
  })
})

describe('idempotency keys', () => {
  test('are the same on every attempt, in every round, and another after fresh', async () => {
    const keysOf = async (call: Parameters<typeof laneCall>[0]) => {
      const { calls, clock } = attempt({}, laneCall(call))
      await turn()
      calls[0]!.refuse(transient())
      await turn()
      clock.increment(200)
      await turn()
      return calls.map((each) => each.call.idempotencyKey)
    }
    const key = 'run-1/default/simple/1/30-40'
    expect(await keysOf({})).toEqual([key, key])
    expect(await keysOf({ round: 4 })).toEqual([key, key])
    expect(await keysOf({ round: 2, firstRound: 2 })).toEqual([`${key}/2`, `${key}/2`])
    // What is tried again after a fresh start is the same work as at that start.
    expect(await keysOf({ round: 3, firstRound: 2 })).toEqual([`${key}/2`, `${key}/2`])
    expect(await keysOf({ repetition: 2, from: 90, items: 5 })).toEqual(['run-1/default/simple/2/90-95', 'run-1/default/simple/2/90-95'])
  })
})

describe('what cannot be stored', () => {
  test('a result that the skill already refused is a failed batch', async () => {
    const { calls, outcome, journal } = attempt()
    await turn()
    calls[0]!.refuse(new UnstorableResultError('The first result is a function'))
    await turn()
    expect(outcome.settled).toMatchObject({ failed: true, errors: { critical: 1 } })
    expect(journal.batches).toMatchObject([{ outcome: 'failed', errorClass: 'critical' }])
  })

  test('one that only the database refuses is too', async () => {
    const { calls, outcome, journal, fatal } = attempt({ journal: new FakeJournal({ atOnce: false }) })
    await turn()
    calls[0]!.answer()
    await turn()
    journal.writes[0]!.reject(new UnstorableFactError('run-1', new Error('invalid input syntax')))
    await turn()
    expect(outcome).toEqual({})
    journal.writes[1]!.resolve()
    await turn()
    expect(outcome.settled).toMatchObject({ failed: true, processed: 0 })
    expect(journal.writes[1]!.facts).toMatchObject([{ outcome: 'failed', result: null, batch: 3 }, { type: 'batch.failed' }])
    expect(fatal).toEqual([])
  })

  test('anything else of the store is nothing that a batch could mend', async () => {
    const { calls, outcome, journal } = attempt({ journal: new FakeJournal({ atOnce: false }) })
    await turn()
    calls[0]!.answer()
    await turn()
    journal.writes[0]!.reject(new Error('The database has been away'))
    await turn()
    expect(outcome.error).toMatchObject({ message: 'The database has been away' })
    expect(journal.writes).toHaveLength(1)
  })
})

describe('an abort', () => {
  test('before the call: nothing is called', async () => {
    const { calls, outcome, abort, journal } = attempt()
    abort()
    await turn()
    expect(calls).toEqual([])
    expect(outcome.error).toMatchObject({ name: 'AbortError' })
    expect(journal.facts).toEqual([])
  })

  test('in a call that obeys, or fails of it: nothing is stored', async () => {
    for (const error of [undefined, new CriticalError('I was told to stop')]) {
      const { calls, outcome, abort, journal, stage } = attempt()
      await turn()
      if (error) calls[0]!.refuse(error)
      abort()
      await turn()
      expect(outcome.settled).toBeUndefined()
      expect(journal.facts).toEqual([])
      expect(stage.activity.idle).toBe(true)
    }
  })

  test('between two attempts: nothing is stored but the attempt that failed', async () => {
    const { calls, clock, outcome, abort, journal } = attempt()
    await turn()
    calls[0]!.refuse(transient())
    await turn()
    abort()
    await turn()
    expect(outcome.error).toMatchObject({ name: 'AbortError' })
    clock.increment(60_000)
    await turn()
    expect(calls).toHaveLength(1)
    expect(journal.batches).toEqual([])
  })

  test('a result that was ready all the same is stored: it is paid for', async () => {
    const { calls, outcome, abort, journal } = attempt()
    await turn()
    calls[0]!.answer()
    abort()
    await turn()
    expect(outcome.settled).toMatchObject({ failed: false })
    expect(journal.batches).toHaveLength(1)
  })
})

test.each([new MemoryLimitError(64, 70), new SkillLoadError('gone')])('what ends the scenario stores no batch: $name', async (error) => {
  const { calls, outcome, journal } = attempt()
  await turn()
  calls[0]!.refuse(error)
  await turn()
  expect(outcome.error).toBe(error)
  expect(journal.facts).toEqual([])
})

test('the skill has answered before the answer is durable', async () => {
  const { calls, called, clock, outcome } = attempt({ journal: new FakeJournal({ atOnce: false }) })
  await turn()
  clock.increment(9)
  calls[0]!.answer()
  await turn()
  expect([called, outcome]).toEqual([[9], {}])
})

test('the first batches of the first repetition are warm-up', async () => {
  const warmup = async (stage: Partial<Stage>, call: Parameters<typeof laneCall>[0]) => {
    const { calls, journal } = attempt(stage, laneCall(call))
    await turn()
    calls[0]!.answer()
    await turn()
    return journal.batches[0]!.warmup
  }
  expect(await warmup({ warmupBatches: 1 }, { batch: 0, from: 0 })).toBe(true)
  expect(await warmup({ warmupBatches: 1 }, { batch: 1, from: 10 })).toBe(false)
  expect(await warmup({ warmupBatches: 1 }, { batch: 0, from: 0, repetition: 2 })).toBe(false)
  expect(await warmup({ warmupBatches: 0 }, { batch: 0, from: 0 })).toBe(false)
})
