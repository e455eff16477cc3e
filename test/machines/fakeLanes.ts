import type { BatchCall } from '../../src/actors/attempt.ts'
import type { Cut, LanesOrder } from '../../src/machines/scenarioMessages.ts'
import type { Range } from '../../src/machines/scenarioState.ts'

export type Call = BatchCall

/** Lanes whose skill never answers: batches are settled when the test says so. */
export class FakeLanes {
  readonly #parallel: number
  readonly #onCall: (call: Call) => void
  #round = { repetition: 1, round: 0, firstRound: 0 }
  #cut: Cut = { batchSize: 1, uneven: false, alone: false }
  #work: Range[] = []
  #holding = false
  #onEnded = () => {}
  inFlight: Call[] = []
  readonly orders: LanesOrder[] = []
  /** What is in flight takes its time, though it was told to end. */
  lingering = false

  constructor(parallel: number, onCall: (call: Call) => void) {
    this.#parallel = parallel
    this.#onCall = onCall
  }

  start(onEnded: () => void) {
    this.#onEnded = onEnded
    this.#holding = false
  }

  obey(order: LanesOrder) {
    this.orders.push(order)
    this.#holding = order.type !== 'lanes.work'
    if (order.type === 'lanes.work') {
      const { repetition, round, firstRound, ranges, cut } = order
      this.#cut = cut
      this.#round = { repetition, round, firstRound }
      this.#work.push(...ranges.map(([from, to]): Range => [from, to]))
      this.fill()
    } else if (order.type === 'lanes.end') {
      this.#work = []
      if (!this.lingering) this.end()
    }
  }

  /** They let go of what they have. */
  end() {
    this.inFlight = []
    this.#onEnded()
  }

  stop() {
    this.#work = []
    this.inFlight = []
  }

  fill() {
    const { batchSize, uneven, alone } = this.#cut
    while (!this.#holding && this.inFlight.length < (alone ? 1 : this.#parallel) && this.#work[0]) {
      const [from, to] = this.#work[0]
      const cell = Math.floor(from / batchSize)
      const end = Math.min((cell + 1) * batchSize, to)
      if (end < to) this.#work[0][0] = end
      else this.#work.shift()
      const call = { ...this.#round, batch: uneven ? from : cell, from, items: end - from, alone }
      this.inFlight.push(call)
      this.#onCall(call)
    }
  }

  settled(batch: number) {
    this.inFlight = this.inFlight.filter((call) => call.batch !== batch)
  }
}
