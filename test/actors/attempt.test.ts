import { describe, expect, test } from 'vitest'
import { attemptBatch } from '../../src/actors/attempt.ts'
import type { Stage } from '../../src/actors/stage.ts'
import { MemoryLimitError, SkillLoadError, UnstorableFactError, UnstorableResultError } from '../../src/errors.ts'
import { CriticalError, TransientError } from '../../src/skills/errorClass.ts'
import { FakeJournal, batchCall, startAttempt, startStage, turn } from './stageHarness.ts'

const transient = () => new TransientError('busy')

test('a batch that succeeds is stored, and then settled', async () => {
  const { clock, calls, journal, outcome, stage } = startAttempt({ journal: new FakeJournal({ atOnce: false }) })
  clock.increment(5)
  await turn()
  expect(calls[0]!.call).toEqual({
    key: { run: 'run-1', variant: 'default', scenario: 'simple', repetition: 1, round: 0, batch: 3 },
    attempt: 1,
    idempotencyKey: 'run-1/default/simple/1/30-40',
    firstRound: 0,
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
    ...{ from: 30, items: 10, failed: false, processed: 10, retries: 0, errors: {} },
    ...{ quality: { accuracy: 0.5 }, memoryPeakMb: 70 },
  })
  expect(stage.activity.spentMs).toBe(12)
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
        itemErrors: null,
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
    void attemptBatch(started.stage, batchCall(), new AbortController().signal)
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
    void attemptBatch(started.stage, batchCall(), new AbortController().signal)
    await turn()
    expect(started.calls).toEqual([])
  })

  test('what cannot be stored lets nothing begin', async () => {
    const started = startStage({ journal: new FakeJournal({ atOnce: false }) })
    started.ledger.commit([]).catch(() => {})
    const settled = attemptBatch(started.stage, batchCall(), new AbortController().signal)
    started.journal.writes[0]!.reject(new Error('The run has a newer owner'))
    await expect(settled).rejects.toThrow('newer owner')
    expect(started.calls).toEqual([])
  })
})

describe('idempotency keys', () => {
  test('are the same on every attempt, in every round, and another after fresh', async () => {
    const keysOf = async (call: Parameters<typeof batchCall>[0]) => {
      const { calls, clock } = startAttempt({}, batchCall(call))
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
    const { calls, outcome, journal } = startAttempt()
    await turn()
    calls[0]!.refuse(new UnstorableResultError('The first result is a function'))
    await turn()
    expect(outcome.settled).toMatchObject({ failed: true, errors: { critical: 1 } })
    expect(journal.batches).toMatchObject([{ outcome: 'failed', errorClass: 'critical' }])
  })

  test('one that only the database refuses is too', async () => {
    const { calls, outcome, journal, fatal } = startAttempt({ journal: new FakeJournal({ atOnce: false }) })
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
    const { calls, outcome, journal } = startAttempt({ journal: new FakeJournal({ atOnce: false }) })
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
    const { calls, outcome, abort, journal } = startAttempt()
    abort()
    await turn()
    expect(calls).toEqual([])
    expect(outcome.error).toMatchObject({ name: 'AbortError' })
    expect(journal.facts).toEqual([])
  })

  test('in a call that obeys, or fails of it: nothing is stored', async () => {
    for (const error of [undefined, new CriticalError('I was told to stop')]) {
      const { calls, outcome, abort, journal, stage } = startAttempt()
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
    const { calls, clock, outcome, abort, journal } = startAttempt()
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
    const { calls, outcome, abort, journal } = startAttempt()
    await turn()
    calls[0]!.answer()
    abort()
    await turn()
    expect(outcome.settled).toMatchObject({ failed: false })
    expect(journal.batches).toHaveLength(1)
  })
})

test.each([new MemoryLimitError(64, 70), new SkillLoadError('gone')])('what ends the scenario stores no batch: $name', async (error) => {
  const { calls, outcome, journal } = startAttempt()
  await turn()
  calls[0]!.refuse(error)
  await turn()
  expect(outcome.error).toBe(error)
  expect(journal.facts).toEqual([])
})

test('the skill has answered before the answer is durable', async () => {
  const { calls, called, clock, outcome } = startAttempt({ journal: new FakeJournal({ atOnce: false }) })
  await turn()
  clock.increment(9)
  calls[0]!.answer()
  await turn()
  expect([called, outcome]).toEqual([[9], {}])
})

test('the first batches of the first repetition are warm-up', async () => {
  const warmup = async (stage: Partial<Stage>, call: Parameters<typeof batchCall>[0]) => {
    const { calls, journal } = startAttempt(stage, batchCall(call))
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
