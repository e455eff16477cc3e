import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { Turn } from '../../src/actors/turn.ts'
import { turn as later } from './stageHarness.ts'

/** Takes a turn, and says what becomes of it. */
function taker(turn: Turn, log: string[], name: string) {
  const controller = new AbortController()
  const taken: { end?: () => void } = {}
  turn.take(controller.signal).then(
    (end) => {
      log.push(name)
      taken.end = end
    },
    (reason: unknown) => void log.push(`${name}: ${String(reason)}`),
  )
  return { controller, end: () => taken.end!() }
}

describe('a turn', () => {
  test('is one at a time, in the order of asking', async () => {
    const turn = new Turn()
    const log: string[] = []
    const [a, b] = ['a', 'b', 'c'].map((name) => taker(turn, log, name)) as [ReturnType<typeof taker>, ReturnType<typeof taker>]
    await later()
    expect(log).toEqual(['a'])
    a.end()
    await later()
    expect(log).toEqual(['a', 'b'])
    // Passed on once: a second time is nobody's turn.
    a.end()
    await later()
    expect(log).toEqual(['a', 'b'])
    b.end()
    await later()
    expect(log).toEqual(['a', 'b', 'c'])
  })

  test('that is aborted in the queue is given up at once, and passed on when it comes', async () => {
    const turn = new Turn()
    const log: string[] = []
    const a = taker(turn, log, 'a')
    const b = taker(turn, log, 'b')
    taker(turn, log, 'c')
    await later()
    b.controller.abort('enough')
    await later()
    expect(log).toEqual(['a', 'b: enough'])
    a.end()
    await later()
    expect(log).toEqual(['a', 'b: enough', 'c'])
    expect(getEventListeners(a.controller.signal, 'abort')).toEqual([])
  })

  test('asked for too late leaves the queue as it is', async () => {
    const turn = new Turn()
    await expect(turn.take(AbortSignal.abort('enough'))).rejects.toBe('enough')
    const log: string[] = []
    taker(turn, log, 'a')
    await later()
    expect(log).toEqual(['a'])
  })
})
