import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Range } from '../../src/machines/scenarioState.ts'
import { CriticalError } from '../../src/skills/errorClass.ts'
import { propertyRuns } from '../machines/propertyRuns.ts'
import { startLanes } from './lanesHarness.ts'
import { FakeJournal, turn } from './stageHarness.ts'

type Action =
  | { type: 'answer' | 'refuse' | 'store'; which: number }
  | { type: 'advance'; ms: number }
  | { type: 'tell' | 'hold' }
  | { type: 'work'; tellAfter: number }

const which = fc.nat({ max: 5 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('answer' as const), which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('refuse' as const), which }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('store' as const), which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.nat({ max: 300 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('tell' as const, 'hold' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('work' as const), tellAfter: fc.integer({ min: 1, max: 30 }) }) },
)

const options = fc.record({
  batchSize: fc.integer({ min: 1, max: 8 }),
  parallel: fc.integer({ min: 1, max: 4 }),
  window: fc.nat({ max: 3 }),
})

/** Ascending and apart, as the settled items between them leave them. */
const ranges = fc
  .uniqueArray(fc.nat({ max: 60 }), { minLength: 2, maxLength: 12 })
  .map((cuts) => cuts.sort((a, b) => a - b))
  .map((cuts) => cuts.flatMap((cut, i): Range[] => (i % 2 === 1 ? [[cuts[i - 1]!, cut]] : [])))

const itemsOf = (ranges: readonly Range[]) => ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i))
const sorted = (items: number[]) => items.sort((a, b) => a - b)

/** Lanes, with what the skill and the store have of theirs. Each order of work brings one range more, while there are any. */
class World {
  readonly lanes
  readonly #work: Range[]
  readonly #answered = new Set<number>()
  readonly #stored = new Set<number>()
  #given: Range[] = []
  #mayBegin = false

  constructor(given: { batchSize: number; parallel: number; window: number }, work: readonly Range[]) {
    this.lanes = startLanes({ ...given, journal: new FakeJournal({ atOnce: false }) })
    this.#work = [...work]
  }

  async do(action: Action) {
    this.#act(action)
    await turn()
    this.#check()
  }

  #act(action: Action) {
    const { calls, clock, journal, order, stage, work } = this.lanes
    switch (action.type) {
      case 'answer':
        return this.#finish(this.inSkill, action.which, this.#answered, (i) => calls[i]!.answer())
      case 'refuse':
        return this.#finish(this.inSkill, action.which, this.#answered, (i) => calls[i]!.refuse(new CriticalError('no')))
      case 'store':
        return this.#finish(this.beingStored, action.which, this.#stored, (i) => journal.writes[i]!.resolve())
      case 'advance':
        return clock.increment(action.ms)
      case 'tell':
        return stage.tell()
      case 'hold':
        this.#mayBegin = false
        return order({ type: 'lanes.hold' })
      case 'work': {
        const ranges = this.#work.splice(0, 1)
        this.#given.push(...ranges)
        this.#mayBegin = true
        return work(ranges, { tellAfter: action.tellAfter })
      }
    }
  }

  #finish(open: number[], which: number, done: Set<number>, finish: (i: number) => void) {
    const i = open[which % open.length]
    if (i === undefined) return
    done.add(i)
    finish(i)
  }

  #check() {
    const { parallel, window, inHand } = this.lanes.stage
    const [inSkill, beingStored] = [this.inSkill.length, this.beingStored.length]
    expect(inSkill + beingStored).toBe(inHand)
    expect(inSkill).toBeLessThanOrEqual(parallel)
    expect(inHand).toBeLessThanOrEqual(parallel + window)
    const begun = this.lanes.calls.reduce((sum, { call }) => sum + call.items.length, 0)
    if (this.#mayBegin && begun < itemsOf(this.#given).length) expect(inSkill).toBe(Math.min(parallel, parallel + window - beingStored))
    const durable = new Set(this.#itemsStored)
    expect(this.itemsTold.filter((item) => !durable.has(item))).toEqual([])
    if (inHand === 0) expect(this.itemsTold).toHaveLength(durable.size)
  }

  get inSkill() {
    return this.lanes.calls.map((_, i) => i).filter((i) => !this.#answered.has(i))
  }

  get beingStored() {
    return this.lanes.journal.writes.map((_, i) => i).filter((i) => !this.#stored.has(i))
  }

  get itemsTold() {
    return itemsOf(this.lanes.done().flat())
  }

  get #itemsStored() {
    const facts = [...this.#stored].flatMap((i) => this.lanes.journal.writes[i]!.facts)
    return itemsOf(facts.flatMap((fact): Range[] => (fact.kind === 'batch' ? [[fact.from, fact.from + fact.items]] : [])))
  }
}

test('whatever skill and store do, lanes keep to their number, idle for nothing, and tell each item once, when it is durable', async () => {
  await fc.assert(
    fc.asyncProperty(options, ranges, fc.array(action, { maxLength: 60, size: 'max' }), async (given, work, actions) => {
      const world = new World(given, work)
      const { calls, stage, told } = world.lanes
      for (const each of actions) await world.do(each)
      for (let i = 0; i <= work.length; i++) await world.do({ type: 'work', tellAfter: 10 })
      while (stage.inHand > 0) await world.do({ type: world.inSkill.length > 0 ? 'answer' : 'store', which: 0 })
      expect(sorted(world.itemsTold)).toEqual(itemsOf(work))
      const batches = itemsOf(work).reduce((cut, item) => cut.add(Math.floor(item / given.batchSize)), new Set<number>())
      expect(new Set(calls.map(({ call }) => call.key.batch))).toEqual(batches)
      const pieces = work.reduce((n, [from, to]) => n + Math.ceil(to / given.batchSize) - Math.floor(from / given.batchSize), 0)
      expect(calls).toHaveLength(pieces)
      expect(told.reduce((sum, { tally }) => sum + tally!.batches, 0)).toBe(pieces)
      expect(told.reduce((sum, { tally }) => sum + tally!.items, 0)).toBe(itemsOf(work).length)
    }),
    { numRuns: propertyRuns() },
  )
})
