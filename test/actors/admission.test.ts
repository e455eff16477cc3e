import { describe, expect, test } from 'vitest'
import type { Stage } from '../../src/actors/stage.ts'
import { SkillCrashedError, SkillInterruptedError } from '../../src/errors.ts'
import { CriticalError } from '../../src/skills/errorClass.ts'
import { startBreaker } from '../machines/breakerHarness.ts'
import { fails, OPEN, RESET, succeeds, touchy } from '../machines/breakerSequences.ts'
import { startLanes } from './lanesHarness.ts'
import { RETRY, startBehind, transient } from './behindHarness.ts'
import { batchCall, FakeJournal, turn } from './stageHarness.ts'

describe('a batch behind an open breaker', () => {
  test('waits until its probe may pass, and the skill may rest meanwhile', async () => {
    const { begin, breaker, calls, advance, answered, rests } = startBehind()
    breaker.send(fails('critical'))
    const { outcome } = begin()
    await advance(999)
    expect([calls.length, rests.length]).toEqual([0, 1])
    await advance(1)
    expect(calls).toHaveLength(1)
    await answered(0)
    expect(breaker.status()).toBe('closed')
    expect(outcome.settled).toMatchObject({ failed: false, retries: 0, errors: {} })
  })

  test('does not begin before the change that lets it through is durable', async () => {
    const journal = new FakeJournal({ atOnce: false })
    const { begin, breaker, calls, ledger, advance } = startBehind({ journal })
    breaker.send(fails('critical'))
    begin()
    await advance(1)
    breaker.breaker.on('*', (fact) => {
      const event = { kind: 'event' as const, at: fact.at, actor: 'breaker:default', type: fact.type, data: {} }
      queueMicrotask(() => void ledger.commit([event]))
    })
    await advance(999)
    expect([breaker.status(), calls.length, journal.writes.length]).toEqual(['halfOpen', 0, 1])
    journal.writes[0]!.resolve()
    await turn()
    expect(calls).toHaveLength(1)
  })

  test('lets the others wait while one is probed, and all go on when it is closed', async () => {
    const { begin, breaker, calls, advance, answered } = startBehind()
    breaker.send(fails('critical'))
    for (const batch of [1, 2, 3]) begin(batchCall({ batch, from: batch * 10 }))
    await advance(1_000)
    expect(calls.map(({ call }) => call.key.batch)).toEqual([1])
    await answered(0)
    expect(calls.map(({ call }) => call.key.batch)).toEqual([1, 2, 3])
  })

  test('keeps its attempts and its errors', async () => {
    const { begin, breaker, calls, advance, answered, attempts, journal } = startBehind({ retry: { ...RETRY, attempts: 3 } })
    const { outcome } = begin()
    await advance(10)
    await answered(0, transient())
    breaker.send(fails('critical'))
    await advance(100)
    expect([breaker.status(), calls.length]).toEqual(['open', 1])
    await advance(900)
    expect(attempts()).toEqual([1, 2])
    await answered(1)
    expect(outcome.settled).toMatchObject({ failed: false, retries: 1, errors: { transient: 1 } })
    expect(journal.batches).toMatchObject([{ attempt: 2 }])
  })

  test('is given up when it is told to stop, and nothing is stored of it', async () => {
    const { begin, breaker, calls, advance, journal } = startBehind()
    breaker.send(fails('critical'))
    const { outcome, abort } = begin()
    await advance(10)
    abort()
    await turn()
    expect(outcome.error).toMatchObject({ name: 'AbortError' })
    await advance(5_000)
    expect([calls, journal.facts]).toEqual([[], []])
  })

  test('does not begin once its scenario has been paused, though it is closed meanwhile', async () => {
    const { stage, clock, calls, order, work } = startLanes()
    const breaker = startBreaker(touchy(), { clock })
    stage.gate = breaker.gate
    breaker.send(OPEN)
    work([[0, 30]])
    await turn()
    order({ type: 'lanes.hold' })
    breaker.send(RESET)
    await turn()
    expect(calls).toEqual([])
    work([])
    await turn()
    expect(calls).toHaveLength(1)
  })
})

describe('a call that waits for its process', () => {
  test('does not reach the skill when the breaker opens meanwhile, and loses no attempt', async () => {
    const free = Promise.withResolvers<void>()
    const reached: number[] = []
    const skill: Stage['skill'] = {
      async call(call, options) {
        await free.promise
        options.onStart()
        reached.push(call.attempt)
        return { result: '[]', processed: 10, quality: null, usage: null, startedAt: 0, activeMs: 0, cpuMs: null, memoryPeakMb: null }
      },
      rest() {},
      async close() {},
    }
    const { begin, breaker, advance, stage, journal } = startBehind({ skill })
    const { outcome } = begin()
    await turn()
    breaker.send(fails('critical'))
    free.resolve()
    await advance(500)
    expect([reached, outcome, stage.activity.idle]).toEqual([[], {}, true])
    await advance(500)
    expect(reached).toEqual([1])
    expect(outcome.settled).toMatchObject({ failed: false, retries: 0, errors: {} })
    expect(journal.events).toEqual([])
  })
})

describe('a probe', () => {
  test('that fails in a class that is tried again loses no attempt, however often', async () => {
    const { begin, breaker, advance, answered, attempts, outcome, journal } = { ...startBehind(), outcome: undefined }
    breaker.send(fails('critical'))
    const batch = begin()
    for (const [n, wait] of [1_000, 2_000, 4_000].entries()) {
      await advance(wait)
      await answered(n, transient())
    }
    expect(outcome).toBeUndefined()
    await advance(8_000)
    expect(attempts()).toEqual([1, 1, 1, 1])
    // Of the others each is an attempt: the second of two is the last.
    await answered(3)
    expect(batch.outcome.settled).toMatchObject({ failed: false, retries: 0, errors: { transient: 3 } })
    expect(journal.events.map(({ type }) => type)).toEqual(['batch.retried', 'batch.retried', 'batch.retried'])
  })

  test('that fails in any other class fails its batch', async () => {
    const { begin, breaker, advance, answered } = startBehind()
    breaker.send(fails('critical'))
    const { outcome } = begin()
    await advance(1_000)
    await answered(0, new CriticalError('wrong'))
    expect(outcome.settled).toMatchObject({ failed: true, errors: { critical: 1 } })
    expect(breaker.state()).toMatchObject({ status: 'open', recoveryAttempts: 1, probeAt: 3_000 })
  })

  test('that fails without weight is an attempt like any other', async () => {
    const weights = { critical: 1, recoverable: 1, transient: 0, ignored: 0, slow: 0 }
    const { begin, breaker, advance, answered, attempts } = startBehind({}, touchy({ weights }))
    breaker.send(fails('critical'))
    const { outcome } = begin()
    await advance(1_000)
    await answered(0, transient())
    await advance(100)
    expect([breaker.status(), attempts()]).toEqual(['halfOpen', [1, 2]])
    await answered(1, transient())
    expect(outcome.settled).toMatchObject({ failed: true, retries: 1 })
  })

  test('waits as long as the service has asked for, though the cooldown is over', async () => {
    const { begin, breaker, calls, advance, answered } = startBehind()
    breaker.send(fails('critical'))
    begin()
    await advance(1_000)
    await answered(0, transient(60_000))
    await advance(59_999)
    expect([breaker.status(), calls.length]).toEqual(['halfOpen', 1])
    await advance(1)
    expect(calls).toHaveLength(2)
  })

  test('that is aborted, or lost its process to another, frees its permit and says nothing', async () => {
    const { begin, breaker, calls, advance, answered } = startBehind()
    breaker.send(fails('critical'))
    const first = begin()
    begin(batchCall({ batch: 4, from: 40 }))
    await advance(1_000)
    first.abort()
    await turn()
    expect(calls.map(({ call }) => call.key.batch)).toEqual([3, 4])
    await answered(1, new SkillInterruptedError('Another batch had to be killed'))
    expect(calls.map(({ call }) => call.key.batch)).toEqual([3, 4, 4])
    expect(breaker.state()).toMatchObject({ status: 'halfOpen', recoveryAttempts: 0 })
    await answered(2)
    expect(breaker.status()).toBe('closed')
  })

  test('closed meanwhile by a command, its failure counts for nothing and is an attempt', async () => {
    const { begin, breaker, advance, answered, attempts } = startBehind()
    breaker.send(fails('critical'))
    begin()
    await advance(1_000)
    breaker.send(RESET)
    breaker.send(succeeds(3))
    await answered(0, transient())
    await advance(100)
    expect([breaker.status(), breaker.state().sum, attempts()]).toEqual(['closed', 0, [1, 2]])
  })
})

describe('a crash that took several batches along', () => {
  const crash = (counts: boolean) => new SkillCrashedError({ code: 1, signal: null, output: '' }, 2, counts)

  test('counts once', async () => {
    const { begin, breaker, answered } = startBehind({}, touchy({ threshold: 2 }))
    begin()
    begin(batchCall({ batch: 4, from: 40 }))
    await turn()
    await answered(0, crash(true))
    await answered(1, crash(false))
    expect([breaker.status(), breaker.state().sum]).toEqual(['closed', 1])
  })

  test('counts for a probe that was among them in any case', async () => {
    const { begin, breaker, advance, answered } = startBehind()
    breaker.send(fails('critical'))
    begin()
    await advance(1_000)
    await answered(0, crash(false))
    expect(breaker.state()).toMatchObject({ status: 'open', recoveryAttempts: 1 })
  })
})
