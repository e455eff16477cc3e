import { describe, expect, test } from 'vitest'
import { Turn } from '../../src/actors/turn.ts'
import { CriticalError } from '../../src/skills/errorClass.ts'
import { fails, RESET } from '../machines/breakerSequences.ts'
import { startBehind, transient } from './behindHarness.ts'
import { batchCall, turn } from './stageHarness.ts'

describe('batches that run alone', () => {
  const shared = () => {
    const common = new Turn()
    return [startBehind({ turn: common }), startBehind({ turn: common, scenario: 'medium' })] as const
  }
  const alone = batchCall({ alone: true })

  test('of two scenarios are never in the skill together, the wait between two attempts excepted', async () => {
    const [a, b] = shared()
    a.begin(alone)
    b.begin(alone)
    await turn()
    expect([a.calls.length, b.calls.length]).toEqual([1, 0])
    await a.answered(0, transient())
    expect([a.calls.length, b.calls.length]).toEqual([1, 1])
    await a.advance(100)
    expect(a.calls).toHaveLength(1)
    await b.answered(0)
    await turn()
    expect(a.calls).toHaveLength(2)
  })

  test('do not keep their turn while they wait for their breaker', async () => {
    const [a, b] = shared()
    a.breaker.send(fails('critical'))
    a.begin(alone)
    await turn()
    b.begin(alone)
    await turn()
    expect([a.calls.length, b.calls.length]).toEqual([0, 1])
    await a.advance(1_000)
    expect(a.calls).toHaveLength(0)
    await b.answered(0)
    expect(a.calls).toHaveLength(1)
  })

  test('do not keep it while a probe waits as long as its service has asked for', async () => {
    const [a, b] = shared()
    a.breaker.send(fails('critical'))
    a.begin(alone)
    await a.advance(1_000)
    await a.answered(0, transient(60_000))
    b.begin(alone)
    await turn()
    expect(b.calls).toHaveLength(1)
  })

  test('pass their turn on whatever becomes of them', async () => {
    const [a, b] = shared()
    for (const end of ['failure', 'abort', 'success'] as const) {
      const before = b.calls.length
      const first = a.begin(alone)
      await turn()
      b.begin(alone)
      await turn()
      expect(b.calls).toHaveLength(before)
      if (end === 'abort') first.abort()
      else await a.answered(a.calls.length - 1, end === 'failure' ? new CriticalError('wrong') : undefined)
      await turn()
      expect(b.calls).toHaveLength(before + 1)
      await b.answered(before)
      a.breaker.send(RESET)
    }
  })

  test('end at once when they are told to while another has its turn', async () => {
    const [a, b] = shared()
    a.begin(alone)
    await turn()
    const { outcome, abort } = b.begin(alone)
    await turn()
    abort()
    await turn()
    expect(outcome.error).toMatchObject({ name: 'AbortError' })
    expect(a.calls).toHaveLength(1)
  })
})
