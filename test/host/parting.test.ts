import { expect, test } from 'vitest'
import { SimulatedClock } from 'xstate'
import { watchOver } from '../../src/host/parting.ts'

/** Lets promises settle. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A close, and the seconds at which the database was asked, and at which the link was cut. */
function closing({ limitMs, answers }: { limitMs: number; answers(second: number): boolean | Promise<boolean> }) {
  const clock = new SimulatedClock()
  const asked: number[] = []
  const cut: number[] = []
  const link = {
    async answers() {
      asked.push(clock.now() / 1_000)
      return answers(clock.now() / 1_000)
    },
    cut: () => void cut.push(clock.now() / 1_000),
    unwritten: () => [],
  }
  const watch = watchOver(link, clock, limitMs)
  const pass = async (seconds: number) => {
    for (let n = 0; n < seconds * 2; n++) {
      await turn()
      clock.increment(500)
    }
    await turn()
  }
  return { asked, cut, watch, pass }
}

test('(F1) a database that is away is asked during the last two seconds, and cut at the end', async () => {
  const { asked, cut, pass } = closing({ limitMs: 5_000, answers: () => false })
  await pass(20)
  expect(asked).toEqual([3, 4, 5])
  expect(cut).toEqual([5])
})

test('(F1) one that comes back in time is not cut, and one that goes away after that is', async () => {
  const { asked, cut, pass } = closing({ limitMs: 5_000, answers: (second) => second >= 5 && second < 8 })
  await pass(20)
  expect(asked).toEqual([3, 4, 5, 6, 7, 8])
  expect(cut).toEqual([8])
})

test('(F1) one that answers may finish its work, but not for ever', async () => {
  const { cut, pass } = closing({ limitMs: 0, answers: () => true })
  await pass(60)
  expect(cut).toEqual([30])
})

test('(F1) when the close has ended, nothing is asked or cut any more', async () => {
  const { asked, cut, watch, pass } = closing({ limitMs: 5_000, answers: () => false })
  await pass(3)
  await watch[Symbol.asyncDispose]()
  await pass(20)
  expect(asked).toEqual([3])
  expect(cut).toEqual([])
})

test('(F1) a memory store has no link to watch over', async () => {
  const clock = new SimulatedClock()
  await watchOver(undefined, clock, 0)[Symbol.asyncDispose]()
})
