import { createActor, setup, type AnyActorRef, type EventObject } from 'xstate'
import { createLanes } from '../../src/actors/lanes.ts'
import type { Ledger } from '../../src/actors/ledger.ts'
import type { Cut, LanesOrder } from '../../src/machines/scenarioMessages.ts'
import type { Range } from '../../src/machines/scenarioState.ts'
import type { Tally } from '../../src/machines/tally.ts'
import { startStage } from './stageHarness.ts'

type Told = EventObject & { tally?: Tally }

const firstRound = { repetition: 1, round: 0, firstRound: 0 }

interface Work {
  tellAfter?: number
  round?: Partial<typeof firstRound>
}

/** What a parent can do about what it is told. */
interface Parent {
  ledger: Ledger
  order(order: LanesOrder): void
  work(ranges: Range[], options?: Work): void
  stop(): void
}

/** Lanes without work yet, under a parent that writes down what it is told, and may answer at once. */
export function startLanes(
  changes: Parameters<typeof startStage>[0] & Partial<Cut> & { onTold?: (event: Told, parent: Parent) => void } = {},
) {
  const { onTold, batchSize = 10, uneven = false, alone = false, ...given } = changes
  const started = startStage(given)
  const told: Told[] = []
  const logic = createLanes(({ run, scenario }) => {
    if (run !== 'run-1' || scenario !== 'default/simple') throw new Error(`There is no stage for ${scenario} of ${run}`)
    return started.stage
  })
  const machine = setup({ types: { events: {} as Told }, actors: { lanes: logic } }).createMachine({
    invoke: { src: 'lanes', id: 'lanes', input: { run: 'run-1', scenario: 'default/simple' } },
    on: { '*': { actions: ({ event }) => hear(event) } },
  })
  const root = createActor(machine).start()
  const lanes = root.getSnapshot().children.lanes as AnyActorRef
  const parent: Parent = {
    ledger: started.ledger,
    order: (order) => lanes.send(order),
    work: (ranges, { tellAfter = 1_000, round = {} } = {}) =>
      lanes.send({ type: 'lanes.work', ...firstRound, ...round, ranges, tellAfter, cut: { batchSize, uneven, alone } }),
    stop: () => root.stop(),
  }
  const hear = (event: Told) => {
    told.push(event)
    onTold?.(event, parent)
  }
  return {
    ...started,
    ...parent,
    told,
    types: () => told.map(({ type }) => type),
    /** Which items were said to be settled, each time that something was said of it. */
    done: () => told.flatMap(({ tally }) => (tally ? [tally.done] : [])),
    /** Which batches have come to the skill, attempt by attempt. */
    begun: () => started.calls.map(({ call }) => call.key.batch),
  }
}
