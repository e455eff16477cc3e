import { expect, test } from 'vitest'
import type { Stage } from '../../src/actors/stage.ts'
import { TimedCall } from '../../src/actors/timedCall.ts'
import { CriticalError, ItemError } from '../../src/skills/errorClass.ts'
import type { ItemFailure } from '../../src/skills/itemFailures.ts'
import type { SkillOutcome } from '../../src/skills/skill.ts'
import { startBreaker } from '../machines/breakerHarness.ts'
import { fails, touchy } from '../machines/breakerSequences.ts'
import { RETRY, startBehind, transient } from './behindHarness.ts'
import { batchCall, startStage, turn } from './stageHarness.ts'

const failed = (index: number, errorClass: 'transient' | 'critical'): ItemFailure => [index, new ItemError('no', { class: errorClass })]
const call = batchCall({ batch: 0, from: 0, items: 4 })

test('a call all of whose items failed alone, before any call was good, counts as one of the gravest class (rule 9)', async () => {
  const { begin, breaker, calls, advance } = startBehind()
  begin(call)
  await advance(0)
  calls[0]!.answer({ result: '[null,null,null,null]', itemFailures: [0, 1, 2, 3].map((index) => failed(index, 'critical')) })
  await turn()
  expect(breaker.status()).toBe('open')
})

test('one item that may pass by itself makes a failed call of it, though the others are bad for good', async () => {
  const { begin, breaker, calls, advance } = startBehind({ retry: { ...RETRY, attempts: 3 } })
  begin(call)
  await advance(0)
  calls[0]!.answer({ result: '["a",null,null,null]', itemFailures: [1, 2, 3].map((index) => failed(index, 'transient')) })
  await turn()
  await advance(100)
  calls[1]!.answer({ result: '[null,null,null]', itemFailures: [failed(0, 'critical'), failed(1, 'transient'), failed(2, 'critical')] })
  await turn()
  expect(breaker.status()).toBe('open')
})

test('items that fail alone in one call of the batch: a good call if one is good; if none is, the skill has answered all the same', async () => {
  const { begin, breaker, calls, advance, journal } = startBehind({ retry: { ...RETRY, attempts: 3 } })
  begin(call)
  await advance(0)
  calls[0]!.answer({ result: '["a",null,null,null]', itemFailures: [failed(1, 'critical'), failed(2, 'transient'), failed(3, 'critical')] })
  await turn()
  await advance(100)
  expect(breaker.status()).toBe('closed')
  calls[1]!.answer({ result: '[null]', itemFailures: [failed(0, 'critical')] })
  await turn()
  expect([breaker.status(), breaker.gate.isOpen]).toEqual(['closed', false])
  expect(journal.batches).toMatchObject([{ outcome: 'ok', result: '["a",null,null,null]' }])
})

test('a probe that fails item by item costs no attempt, and what is good is durable while it waits', async () => {
  const { begin, breaker, calls, advance, journal } = startBehind()
  const { outcome } = begin(call)
  await advance(0)
  calls[0]!.answer({ result: '["a",null,"c",null]', itemFailures: [failed(1, 'transient'), failed(3, 'transient')] })
  await turn()
  breaker.send(fails('critical'))
  await advance(100)
  expect([calls.length, breaker.status()]).toEqual([1, 'open'])
  expect(journal.facts.find(({ kind }) => kind === 'kept')).toMatchObject({ results: '{"0":"a","2":"c"}' })
  await advance(1_000)
  calls[1]!.answer({ result: '[null,null]', itemFailures: [failed(0, 'transient'), failed(1, 'transient')] })
  await turn()
  expect(breaker.status()).toBe('open')
  await advance(2_000)
  expect(calls[2]!.call.items).toEqual(['item 1', 'item 3'])
  calls[2]!.answer({ result: '["b","d"]', processed: 2 })
  await turn()
  expect(outcome.settled).toMatchObject({ failed: false, processed: 4 })
  expect(journal.batches).toMatchObject([{ outcome: 'ok', result: '["a","b","c","d"]', itemErrors: null }])
})

/** A skill that calls item by item, each behind the breaker: `answer` says what comes of an item. */
function startItemwise(answer: (item: string) => Error | undefined, changes: Partial<Stage> = {}) {
  const asked: string[] = []
  const perCall: string[][] = []
  const skill: Stage['skill'] = {
    itemwise: true,
    async call({ items }, options): Promise<SkillOutcome> {
      options.onStart()
      const mine: string[] = []
      perCall.push(mine)
      const itemFailures: ItemFailure[] = []
      const results: unknown[] = []
      let over: unknown
      for (const [i, item] of (items as string[]).entries()) {
        const work = async () => {
          asked.push(item)
          mine.push(item)
          const error = answer(item)
          if (error) throw error
          return item
        }
        results[i] = null
        try {
          if (over) throw over
          results[i] = await options.each!(work)
        } catch (error) {
          if ((error as { code?: string }).code === 'BREAKER_OPEN') over = error
          itemFailures.push([i, error])
        }
      }
      const failures = itemFailures.length > 0 && { itemFailures }
      const timing = { startedAt: started.clock.now(), activeMs: 0, cpuMs: null, memoryPeakMb: null }
      return { result: JSON.stringify(results), processed: items.length, quality: null, usage: null, ...timing, ...failures }
    },
    rest() {},
    async close() {},
  }
  const started = startBehind({ ...changes, skill })
  return { ...started, asked, perCall }
}

test('an item that was not good in an earlier round, and is bad again, says nothing new of a service that has worked', async () => {
  const answer = (item: string) => (item === 'item 0' ? undefined : new CriticalError('HTTP 422'))
  const { begin, breaker, advance, journal } = startItemwise(answer)
  begin({ ...call, items: 1 })
  await advance(0)
  begin({ ...call, batch: 1, from: 1, items: 3, round: 1 })
  await advance(0)
  expect(breaker.status()).toBe('closed')
  expect(journal.batches).toMatchObject([{ outcome: 'ok' }, { outcome: 'failed', errorClass: 'critical' }])
  // In the round that is its first, it does.
  begin({ ...call, batch: 4, from: 4, items: 1, round: 2, firstRound: 2 })
  await advance(0)
  expect(breaker.status()).toBe('open')
})

test('each item asks the breaker and is counted: when it opens, the others wait and lose no attempt (newcomer fault 5)', async () => {
  let isAway = false
  const { begin, breaker, advance, asked, perCall, journal } = startItemwise((item) => {
    if (item === 'item 1' && !isAway) {
      isAway = true
      return new CriticalError('no such thing')
    }
    return undefined
  })
  const { outcome } = begin(call)
  await advance(0)
  expect(breaker.status()).toBe('open')
  expect(asked).toEqual(['item 0', 'item 1'])
  await advance(1_000)
  // One probe may pass; with its success all may.
  expect(perCall).toEqual([
    ['item 0', 'item 1'],
    ['item 2', 'item 3'],
  ])
  expect(breaker.status()).toBe('closed')
  expect(outcome.settled).toMatchObject({ failed: false, failedAlone: 1, retries: 0, errors: { critical: 1 } })
  expect(journal.batches).toMatchObject([{ outcome: 'ok', attempt: 1, result: '["item 0",null,"item 2","item 3"]' }])
})

test('an item that is a probe and fails costs no attempt', async () => {
  const answers: Record<string, (Error | undefined)[]> = { 'item 0': [transient(), transient(), transient(), undefined] }
  const { begin, breaker, advance, asked } = startItemwise((item) => answers[item]?.shift())
  const { outcome } = begin(batchCall({ batch: 0, from: 0, items: 2 }))
  await advance(0)
  breaker.send(fails('critical'))
  await advance(100)
  for (const cooldownMs of [1_000, 2_000, 4_000]) await advance(cooldownMs)
  expect(asked.filter((item) => item === 'item 0')).toHaveLength(4)
  expect(outcome.settled).toMatchObject({ failed: false, errors: { transient: 3 } })
  expect(asked.filter((item) => item === 'item 1')).toHaveLength(1)
})

test('a pass that no item has used is given back', async () => {
  const { stage, clock } = startStage({ retry: RETRY })
  const breaker = startBreaker(touchy({ maxRecoveryAttempts: 100 }), { clock })
  stage.gate = breaker.gate
  breaker.send(fails('critical'))
  clock.increment(1_000)
  await turn()
  expect(breaker.status()).toBe('halfOpen')
  const pass = stage.gate.enter(true)
  const timed = new TimedCall(stage, { count: 1, startedAt: 0, activeMs: 0, errors: {} }, new AbortController().signal, pass)
  expect(() => stage.gate.enter(true)).toThrow(/open/i)
  timed.giveBack()
  expect(stage.gate.enter(true).permit).not.toBeNull()
})
