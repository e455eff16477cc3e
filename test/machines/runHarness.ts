import { createActor, fromCallback, SimulatedClock, type ActorRefFrom, type EventObject, type Snapshot } from 'xstate'
import { createDeadline } from '../../src/actors/deadline.ts'
import { createGate } from '../../src/actors/gate.ts'
import type { ReleaseInput } from '../../src/actors/release.ts'
import { openGates } from '../../src/host/gates.ts'
import { barrierMachine } from '../../src/machines/barrier.ts'
import { breakerMachine } from '../../src/machines/breaker.ts'
import { orchestratorMachine } from '../../src/machines/orchestrator.ts'
import type { Command, RunEvent, RunFact, RunSpec } from '../../src/machines/orchestratorState.ts'
import { scenarioMachine } from '../../src/machines/scenario.ts'
import type { ScenarioFact } from '../../src/machines/scenarioMessages.ts'
import type { LanesOrder } from '../../src/machines/scenarioMessages.ts'
import type { ScenarioSpec } from '../../src/machines/scenarioState.ts'
import { addressOf } from '../../src/machines/scenarioStep.ts'
import type { Settled } from '../../src/machines/tally.ts'
import { FakeLanes, type Call } from './fakeLanes.ts'
import { scenarioSpec, settledBatch, tallyOf } from './scenarioHarness.ts'

export type RunCall = Call & { scenario: string }

/** Three scenarios of 20, 40 and 80 items in batches of ten. */
export const runSpec = (changes: Partial<RunSpec> = {}, ofEach: Partial<ScenarioSpec> = {}): RunSpec => ({
  run: 'run-1',
  scenarios: [
    scenarioSpec({ name: 'simple', size: 20, ...ofEach }),
    scenarioSpec({ name: 'medium', size: 40, ...ofEach }),
    scenarioSpec({ name: 'complex', size: 80, ...ofEach }),
  ],
  order: 'parallel',
  barrierTimeoutMs: 30_000,
  breakers: [],
  recoveryAttempts: 0,
  ...changes,
})

export const SIMPLE = 'default/simple'
export const MEDIUM = 'default/medium'
export const COMPLEX = 'default/complex'

/** A run without a skill and a store: its lanes wait for the test, its releases are stored at once. */
export function startRun(
  spec: RunSpec = runSpec(),
  { at = 0, snapshot, parallel = 1 }: { at?: number; snapshot?: Snapshot<unknown> | null; parallel?: number } = {},
) {
  const clock = new SimulatedClock()
  clock.set(at)
  const calls: RunCall[] = []
  const lanes = new Map(
    spec.scenarios.map((s) => [addressOf(s), new FakeLanes(parallel, (call) => calls.push({ scenario: addressOf(s), ...call }))]),
  )
  const gates = openGates(spec.breakers, {}, clock)
  const facts: RunFact[] = []
  const scenarioFacts: (ScenarioFact & { scenario: string })[] = []
  const releases: ReleaseInput[] = []
  const machine = orchestratorMachine.provide({
    actors: {
      scenario: scenarioMachine.provide({
        actors: {
          lanes: fromCallback<LanesOrder, { scenario: string }>(({ input, receive, sendBack }) => {
            const own = lanes.get(input.scenario)!
            own.start(() => sendBack({ type: 'lanes.ended', at: clock.now() }))
            receive((order) => own.obey(order))
            return () => own.stop()
          }) as never,
          budget: fromCallback(() => {}) as never,
          unconfirmed: fromCallback(() => {}) as never,
        },
      }),
      breaker: breakerMachine.provide({
        actors: { gate: createGate(({ variant }) => gates.get(variant)!), deadline: createDeadline(clock) },
      }),
      barrier: barrierMachine.provide({
        actors: {
          deadline: createDeadline(clock),
          release: fromCallback<EventObject, ReleaseInput>(({ input, sendBack }) => {
            releases.push(input)
            sendBack({ type: 'release.stored', at: clock.now() })
          }),
        },
      }),
    },
  })
  const root = createActor(machine, { input: spec, clock, snapshot: snapshot ?? undefined })
  const scenario = (address: string) => root.getSnapshot().children[address] as unknown as ActorRefFrom<typeof scenarioMachine>
  root.on('*', (fact) => void facts.push(fact))
  for (const s of spec.scenarios) {
    const address = addressOf(s)
    scenario(address).on('*', (fact) => void scenarioFacts.push({ ...fact, scenario: address }))
  }
  root.start()

  const state = () => root.getSnapshot().context
  const send = (event: RunEvent) => root.send(event)
  const command = (type: 'run.pause' | 'run.continue' | 'run.cancel', address?: string) =>
    send({ type, at: clock.now(), ...(address !== undefined && { scenario: address }) } satisfies Command)
  return {
    root,
    clock,
    calls,
    facts,
    scenarioFacts,
    releases,
    gates,
    state,
    send,
    scenario,
    status: () => root.getSnapshot().value,
    statuses: () => Object.values(state().members).map((member) => member.status),
    statusOf: (address: string) => scenario(address).getSnapshot().value,
    start: () => send({ type: 'run.start', at: clock.now() }),
    pause: (address?: string) => command('run.pause', address),
    continue: (address?: string) => command('run.continue', address),
    cancel: (address?: string) => command('run.cancel', address),
    restart: (address?: string, fresh = false) =>
      send({ type: 'run.restart', fresh, at: clock.now(), ...(address !== undefined && { scenario: address }) }),
    /** What the store answers to a scenario of a new round. */
    found: (address: string, ranges: [number, number][], confirmed: number) =>
      scenario(address).send({ type: 'work.fetched', ranges, more: null, confirmed, at: clock.now() }),
    /** Settles `count` batches of a scenario, as they come. */
    settle(address: string, count = 1, { activeMs, ...changes }: Partial<Settled> & { activeMs?: number } = {}) {
      const own = lanes.get(address)!
      for (let i = 0; i < count; i++) {
        const s = scenario(address).getSnapshot().context
        const [call] = own.inFlight
        if (!call) throw new Error(`${address} has no batch in flight`)
        own.settled(call.batch)
        const tally = tallyOf({ ...settledBatch(call), ...changes })
        scenario(address).send({ type: 'batches.settled', tally, activeMs: activeMs ?? s.activeMs, at: clock.now() })
        own.fill()
      }
    },
    /** Settles what is in flight, scenario by scenario, until nothing is. */
    settleAll() {
      for (;;) {
        const busy = spec.scenarios.map(addressOf).find((address) => lanes.get(address)!.inFlight.length > 0)
        if (!busy) return
        this.settle(busy)
      }
    },
    busy: (address: string) => lanes.get(address)!.inFlight.length > 0,
    inFlight: (address: string): readonly Call[] => lanes.get(address)!.inFlight,
    called: (address: string) => calls.filter((call) => call.scenario === address).map(({ batch }) => batch),
    factTypes: () => facts.map(({ type }) => type).filter((type) => type.startsWith('run.')),
    barriers: () => state().barriers.map(({ repetition, pct }) => `${repetition}:${pct}`),
  }
}

export type Run = ReturnType<typeof startRun>
