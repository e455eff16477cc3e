import { createActor, fromCallback, SimulatedClock, type ActorRefFrom, type EventObject, type Snapshot } from 'xstate'
import { createDeadline } from '../../src/actors/deadline.ts'
import type { LaneCall } from '../../src/actors/lane.ts'
import type { ReleaseInput } from '../../src/actors/release.ts'
import { barrierMachine } from '../../src/machines/barrier.ts'
import { orchestratorMachine } from '../../src/machines/orchestrator.ts'
import type { Command, RunEvent, RunFact, RunSpec } from '../../src/machines/orchestratorState.ts'
import { scenarioMachine } from '../../src/machines/scenario.ts'
import type { ScenarioFact } from '../../src/machines/scenarioMessages.ts'
import type { Settled } from '../../src/machines/scenarioRules.ts'
import type { ScenarioSpec } from '../../src/machines/scenarioState.ts'
import { addressOf } from '../../src/machines/scenarioStep.ts'
import { scenarioSpec, settledBatch } from './scenarioHarness.ts'

export type RunCall = LaneCall & { scenario: string }

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
  ...changes,
})

export const SIMPLE = 'default/simple'
export const MEDIUM = 'default/medium'
export const COMPLEX = 'default/complex'

/** A run without a skill and a store: its lanes wait for the test, its releases are stored at once. */
export function startRun(spec: RunSpec = runSpec(), { at = 0, snapshot }: { at?: number; snapshot?: Snapshot<unknown> | null } = {}) {
  const clock = new SimulatedClock()
  clock.set(at)
  const calls: RunCall[] = []
  const facts: RunFact[] = []
  const scenarioFacts: (ScenarioFact & { scenario: string })[] = []
  const releases: ReleaseInput[] = []
  const machine = orchestratorMachine.provide({
    actors: {
      scenario: scenarioMachine.provide({
        actors: {
          lane: fromCallback<{ type: 'batch.run' } & LaneCall, { scenario: string; call: LaneCall }>(({ input, receive }) => {
            calls.push({ scenario: input.scenario, ...input.call })
            receive(({ type: _type, ...call }) => calls.push({ scenario: input.scenario, ...call }))
          }) as never,
          budget: fromCallback(() => {}) as never,
          unconfirmed: fromCallback(() => {}) as never,
        },
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
    settle(address: string, count = 1, changes: Partial<Settled> = {}) {
      for (let i = 0; i < count; i++) {
        const s = scenario(address).getSnapshot().context
        const [open] = s.open
        if (!open) throw new Error(`${address} has no batch in flight`)
        scenario(address).send({ type: 'batch.settled', ...settledBatch(s, open.batch, clock.now()), ...changes })
      }
    },
    /** Settles what is in flight, scenario by scenario, until nothing is. */
    settleAll() {
      for (;;) {
        const busy = spec.scenarios.map(addressOf).find((address) => scenario(address).getSnapshot().context.open.length > 0)
        if (!busy) return
        this.settle(busy)
      }
    },
    called: (address: string) => calls.filter((call) => call.scenario === address).map(({ batch }) => batch),
    factTypes: () => facts.map(({ type }) => type).filter((type) => type.startsWith('run.')),
    barriers: () => state().barriers.map(({ repetition, pct }) => `${repetition}:${pct}`),
  }
}

export type Run = ReturnType<typeof startRun>
