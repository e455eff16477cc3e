import {
  createActor,
  fromCallback,
  setup,
  SimulatedClock,
  type ActorRefFrom,
  type AnyActorRef,
  type EventObject,
  type Snapshot,
} from 'xstate'
import { scenarioMachine } from '../../src/machines/scenario.ts'
import type { LanesOrder, ScenarioEvent, ScenarioFact, ScenarioMessage, ScenarioNews } from '../../src/machines/scenarioMessages.ts'
import type { ScenarioSpec, ScenarioState } from '../../src/machines/scenarioState.ts'
import { count, emptyTally, type Settled, type Tally } from '../../src/machines/tally.ts'
import { FakeLanes, type Call } from './fakeLanes.ts'

/** One hundred items in batches of ten, one at a time, nobody to wait for. */
export const scenarioSpec = (changes: Partial<ScenarioSpec> = {}): ScenarioSpec => ({
  run: 'run-1',
  variant: 'default',
  name: 'simple',
  size: 100,
  batchSize: 10,
  milestones: [0, 30, 50, 70, 90, 100],
  barriers: [],
  repetitions: 1,
  warmupBatches: 0,
  errorTolerance: 0,
  timeBudgetMs: null,
  ...changes,
})

/** A scenario under a parent that writes down what it is told, with lanes that do nothing until the test says so. */
export function startScenario(
  spec: ScenarioSpec = scenarioSpec(),
  { parallel = 1, restored }: { parallel?: number; restored?: { value: string; context: ScenarioState } } = {},
) {
  const clock = new SimulatedClock()
  const calls: Call[] = []
  const lanes = new FakeLanes(parallel, (call) => void calls.push(call))
  const messages: ScenarioNews[] = []
  const facts: ScenarioFact[] = []
  const budgets: { limitMs: number; usedMs: number }[] = []
  const asked: { repetition: number; round: number; firstRound: number; from: number }[] = []
  const alive = { lanes: 0, budgets: 0 }
  let untold: Settled[] = []
  let spentMs: number | undefined

  const tell = (say: (event: ScenarioEvent) => void) => {
    if (untold.length === 0) return
    const tally = tallyOf(...untold)
    untold = []
    say({ type: 'batches.settled', tally, activeMs: spentMs ?? state().activeMs, at: clock.now() })
    spentMs = undefined
  }

  const machine = scenarioMachine.provide({
    actors: {
      lanes: fromCallback<LanesOrder>(({ receive, sendBack }) => {
        alive.lanes++
        lanes.start(() => {
          tell(sendBack)
          sendBack({ type: 'lanes.ended', at: clock.now() })
        })
        receive((order) => {
          lanes.obey(order)
          if (lanes.inFlight.length === 0) tell(sendBack)
        })
        return () => {
          lanes.stop()
          alive.lanes--
        }
      }) as never,
      budget: fromCallback<EventObject, { limitMs: number; usedMs: number }>(({ input: { limitMs, usedMs } }) => {
        alive.budgets++
        budgets.push({ limitMs, usedMs })
        return () => void alive.budgets--
      }) as never,
      unconfirmed: fromCallback<EventObject, (typeof asked)[number]>(({ input: { repetition, round, firstRound, from } }) => {
        asked.push({ repetition, round, firstRound, from })
      }) as never,
    },
  })
  const parent = setup({ types: { events: {} as ScenarioMessage }, actors: { scenario: machine } }).createMachine({
    invoke: { src: 'scenario', id: 'scenario', input: spec },
    on: { '*': { actions: ({ event }) => void messages.push(...(event.type === 'scenario.told' ? event.news : [event])) } },
  })
  const snapshot = restored && parentSnapshot(restored)
  const root = createActor(parent, { clock, snapshot: snapshot as never })
  const actor = root.getSnapshot().children.scenario as unknown as ActorRefFrom<typeof scenarioMachine>
  actor.on('*', (fact) => void facts.push(fact))
  root.start()

  const state = () => actor.getSnapshot().context
  const send = (event: ScenarioEvent) => actor.send(event)
  return {
    actor,
    clock,
    calls,
    messages,
    facts,
    budgets,
    asked,
    alive,
    state,
    send,
    status: () => actor.getSnapshot().value,
    start: () => send({ type: 'scenario.start', at: clock.now() }),
    pause: (reason: 'user' | 'database' | 'breaker' = 'user') => send({ type: 'scenario.pause', reason, at: clock.now() }),
    continue: (reason: 'user' | 'database' | 'breaker' = 'user') => send({ type: 'scenario.continue', reason, at: clock.now() }),
    /** As the orchestrator does it, when nothing speaks against it. */
    restart(fresh = false) {
      send({ type: 'scenario.restart', fresh, halvings: 0, at: clock.now() })
      send({ type: 'scenario.start', at: clock.now() })
    },
    release: (pct: number, repetition = 1) => send({ type: 'barrier.released', repetition, pct, at: clock.now() }),
    lanes,
    /** Settles a batch in flight, and says so at once, or with the next. */
    settle(batch: number, { activeMs, told = true, ...settled }: Partial<Settled> & { activeMs?: number; told?: boolean } = {}) {
      const call = lanes.inFlight.find((c) => c.batch === batch) ?? { from: batch * spec.batchSize, items: spec.batchSize }
      lanes.settled(batch)
      untold.push({ ...settledBatch(call), ...settled })
      spentMs = activeMs ?? spentMs
      if (told) tell(send)
      lanes.fill()
      if (lanes.inFlight.length === 0) tell(send)
    },
    /** Settles what is in flight, the oldest first, until nothing more is called. */
    settleAll(changes: Partial<Settled> = {}) {
      for (let call = lanes.inFlight[0]; call; call = lanes.inFlight[0]) this.settle(call.batch, changes)
    },
    reached: () => messages.filter((m) => m.type === 'scenario.reached').map((m) => m.pct),
    arrived: () => messages.filter((m) => m.type === 'scenario.arrived').map((m) => m.pct),
    milestones: () =>
      facts.filter((f) => f.type === 'milestone.reached').map(({ repetition, pct }) => (repetition === 1 ? pct : `${repetition}:${pct}`)),
    stored: () => JSON.parse(JSON.stringify(actor.getSnapshot().context)) as ScenarioState,
    stop: () => (root as AnyActorRef & { stop(): void }).stop(),
  }
}

export type Scenario = ReturnType<typeof startScenario>

export const settledBatch = ({ from, items }: { from: number; items: number }): Settled => ({
  from,
  items,
  failed: false,
  processed: items,
  retries: 0,
  errors: {},
  quality: null,
  memoryPeakMb: null,
})

export function tallyOf(...settled: Settled[]): Tally {
  const tally = emptyTally()
  for (const batch of settled) count(tally, batch)
  return tally
}

function parentSnapshot({ value, context }: { value: string; context: ScenarioState }): Snapshot<unknown> {
  const active = { status: 'active', historyValue: {}, output: undefined, error: undefined }
  const scenario = { ...active, value, context, children: {} }
  const children = { scenario: { src: 'scenario', syncSnapshot: false, snapshot: scenario } }
  return structuredClone({ ...active, value: {}, context: {}, children }) as unknown as Snapshot<unknown>
}
