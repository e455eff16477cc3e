import { describe, expect, test } from 'vitest'
import { SkillInterruptedError } from '../../src/errors.ts'
import { CriticalError, RecoverableError, TransientError } from '../../src/skills/errorClass.ts'
import { startAttempt, turn } from './stageHarness.ts'

const transient = () => new TransientError('busy')

describe('retries', () => {
  test('an error of a class in the plan is tried again after a delay, up to its number of attempts', async () => {
    const { calls, clock, journal, outcome } = startAttempt()
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

  test.each([
    ['retryAfterMs', () => new TransientError('busy', { retryAfterMs: 1_790_000_000_000 })],
    ['Retry-After', () => Object.assign(new Error('busy'), { status: 429, headers: { 'retry-after': '1790000000' } })],
  ])('a batch fails at once when %s asks for more than a day (case 7)', async (_by, error) => {
    const { calls, journal, outcome } = startAttempt()
    await turn()
    calls[0]!.refuse(error())
    await turn()
    expect(calls).toHaveLength(1)
    expect(outcome.settled).toMatchObject({ failed: true, retries: 0, errors: { transient: 1 } })
    expect(JSON.parse(journal.batches[0]!.error!)).toMatchObject({ message: 'asks to wait 20 718 days: busy', class: 'transient' })
  })

  test('a delay of 30 days is waited for (case 7)', async () => {
    const delay = 2_592_000_000
    const { calls, clock } = startAttempt({
      retry: { attempts: 2, backoffMs: delay, factor: 1, maxMs: delay, jitter: 0, on: ['transient'] },
    })
    await turn()
    calls[0]!.refuse(transient())
    await turn()
    clock.increment(delay - 1)
    await turn()
    expect(calls).toHaveLength(1)
    clock.increment(1)
    await turn()
    expect(calls).toHaveLength(2)
  })

  test('the last attempt decides: failed, stored with its error, and settled', async () => {
    const { calls, clock, journal, outcome } = startAttempt({
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
    const first = startAttempt()
    await turn()
    first.calls[0]!.refuse(error())
    await turn()
    expect(first.outcome.settled).toMatchObject({ failed: true, retries: 0, errors: { [errorClass]: 1 } })
    const second = startAttempt({ retry: { attempts: 3, backoffMs: 0, factor: 1, maxMs: 0, jitter: 0, on: ['critical', 'recoverable'] } })
    await turn()
    second.calls[0]!.refuse(error())
    await turn()
    second.clock.increment(0)
    await turn()
    expect(second.calls).toHaveLength(2)
  })

  test('what the other side asked for is waited for', async () => {
    const { calls, clock } = startAttempt()
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
    const { calls, rests } = startAttempt()
    await turn()
    calls[0]!.refuse(transient())
    await turn()
    expect(rests).toHaveLength(1)
  })

  test('active time is that of all attempts, and not of the waiting between them', async () => {
    const { calls, clock, journal, stage } = startAttempt()
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
    expect(stage.activity.spentMs).toBe(42)
  })

  test('a failed call takes as long as the skill says, where it says so', async () => {
    const { calls, clock, journal } = startAttempt()
    await turn()
    clock.increment(30)
    calls[0]!.options.onFailure!({ startedAt: 3, activeMs: 7, cpuMs: null, memoryPeakMb: null })
    calls[0]!.refuse(new CriticalError('no'))
    await turn()
    expect(journal.batches).toMatchObject([{ startedAt: 3, activeMs: 7 }])
  })

  test('one that lost its process to another is run again at once, and that attempt does not count', async () => {
    const { calls, journal, outcome } = startAttempt({
      retry: { attempts: 1, backoffMs: 1_000, factor: 1, maxMs: 1_000, jitter: 0, on: [] },
    })
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
