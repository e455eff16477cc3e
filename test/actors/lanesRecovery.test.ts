import { describe, expect, test } from 'vitest'
import { startLanes } from './lanesHarness.ts'
import { turn } from './stageHarness.ts'

describe('in a round with less load', () => {
  test('they take one batch at a time, however many they were', async () => {
    const { begun, calls, stage, work } = startLanes({ parallel: 4, alone: true })
    work([[0, 30]])
    await turn()
    // Not even those that would only wait for their turn are in hand.
    expect([begun(), stage.inHand]).toEqual([[0], 1])
    calls[0]!.answer()
    await turn()
    expect(begun()).toEqual([0, 1])
  })

  test('with a window the next one begins while the last is being stored, and no two are in the skill', async () => {
    const { begun, calls, work } = startLanes({ parallel: 4, alone: true, window: 2 })
    work([[0, 40]])
    await turn()
    expect(begun()).toEqual([0])
    calls[0]!.answer()
    await turn()
    expect(begun()).toEqual([0, 1])
  })

  test('batches bear the number of their first item: what is left need not begin where a batch would', async () => {
    const { begun, calls, work } = startLanes({ parallel: 9, batchSize: 5, uneven: true })
    work([
      [2, 4],
      [4, 9],
      [12, 14],
    ])
    await turn()
    expect(calls.map(({ call }) => [call.key.batch, call.from, call.items.length])).toEqual([
      [2, 2, 2],
      [4, 4, 1],
      [5, 5, 4],
      [12, 12, 2],
    ])
    expect(begun()).toEqual([2, 4, 5, 12])
  })
})
