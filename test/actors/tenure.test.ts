import { expect, test } from 'vitest'
import { Tenure } from '../../src/actors/tenure.ts'
import { Ledger } from '../../src/actors/ledger.ts'
import { OwnershipLostError, OwnershipUnsureError } from '../../src/errors.ts'
import { startAttempt, startStage, turn } from './stageHarness.ts'

/** A database that says when it is told to that a run is ours, on a clock that is moved by hand. */
function startTenure() {
  const asked: PromiseWithResolvers<void>[] = []
  const time = { now: 1_000 }
  const ask = () => {
    const answer = Promise.withResolvers<void>()
    asked.push(answer)
    return answer.promise
  }
  return { tenure: new Tenure(ask, () => time.now), asked, time, ask }
}

test('(s1) what was written less than three seconds ago needs no question', async () => {
  const { tenure, asked, time } = startTenure()
  tenure.confirmedBy(Promise.resolve())
  await turn()
  time.now += 3_000
  expect(tenure.sure()).toBeUndefined()
  time.now += 1
  expect(tenure.isSure).toBe(false)
  expect(tenure.sure()).toBeInstanceOf(Promise)
  expect(asked).toHaveLength(1)
})

test('(s1) an answer counts from its question: one that comes late is asked again', async () => {
  const { tenure, asked, time } = startTenure()
  let sure = false
  void tenure.sure()!.then(() => (sure = true))
  time.now += 3_001
  asked[0]!.resolve()
  await turn()
  expect([sure, asked.length]).toEqual([false, 2])
  time.now += 2_999
  asked[1]!.resolve()
  await turn()
  expect([sure, asked.length, tenure.isSure]).toEqual([true, 2, true])
})

test('(s1) all lanes wait for one question', () => {
  const { tenure, asked } = startTenure()
  const first = tenure.sure()
  expect(tenure.sure()).toBe(first)
  expect(asked).toHaveLength(1)
})

test('(s1) a write that was refused, or whose answer waited while the process was stopped, confirms nothing', async () => {
  const { tenure, time } = startTenure()
  const written = Promise.withResolvers<void>()
  tenure.confirmedBy(written.promise)
  tenure.confirmedBy(Promise.reject(new OwnershipLostError('run-1', 1)))
  time.now += 3_600_000
  written.resolve()
  await turn()
  expect(tenure.isSure).toBe(false)
})

test('a run that nobody can take is always ours', () => {
  expect(new Tenure(undefined).isSure).toBe(true)
})

/** A stage whose ledger asks. */
function startAsking() {
  const asking = startTenure()
  const journal = { append: async () => {}, confirm: asking.ask }
  const ledger = new Ledger(
    journal,
    { id: 'run-1', epoch: 1 },
    'milestone',
    () => {},
    undefined,
    () => asking.time.now,
  )
  return { ...asking, ledger }
}

test('(F2) neither a call nor its retry begins before the run is known to be ours', async () => {
  const { asked, time, ledger } = startAsking()
  const { calls, clock } = startAttempt({ ledger })
  await turn()
  expect([calls.length, asked.length]).toEqual([0, 1])
  asked[0]!.resolve()
  await turn()
  expect(calls).toHaveLength(1)
  time.now += 3_001
  calls[0]!.refuse(Object.assign(new Error('busy'), { class: 'transient' }))
  await turn()
  clock.increment(60_000)
  await turn()
  expect([calls.length, asked.length]).toEqual([1, 2])
  asked[1]!.resolve()
  await turn()
  expect(calls).toHaveLength(2)
})

test('(F2) a call whose run is another by now does not begin, and says so', async () => {
  const { asked, ledger } = startAsking()
  const { calls, outcome } = startAttempt({ ledger })
  await turn()
  asked[0]!.reject(new OwnershipLostError('run-1', 1))
  await turn()
  expect(calls).toEqual([])
  expect(outcome.error).toBeInstanceOf(OwnershipLostError)
})

test('(F2) a call that waited for its process looks again before it begins, and loses no attempt by it', async () => {
  const { asked, time, ledger } = startAsking()
  const refused: unknown[] = []
  const { stage, calls } = startStage({ ledger })
  const call = stage.skill.call
  let waited = 0
  stage.skill.call = async (skillCall, options) => {
    // Stopped while it waits, the first time.
    if (waited++ === 0) time.now += 10_000
    return call(skillCall, options).catch((error: unknown) => {
      refused.push(error)
      throw error
    })
  }
  startAttempt({ ledger, skill: stage.skill })
  await turn()
  asked[0]!.resolve()
  await turn()
  asked[1]?.resolve()
  await turn()
  expect(refused).toEqual([expect.any(OwnershipUnsureError)])
  expect(calls.map((each) => each.call.attempt)).toEqual([1])
})
