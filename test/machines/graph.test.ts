import { assign, getMicrosteps, type AnyMachineSnapshot, type AnyStateMachine, type EventObject } from 'xstate'
import { getAdjacencyMap, getStateNodes } from 'xstate/graph'
import { expect, test } from 'vitest'
import type { Claim } from '../../src/machines/claim.ts'
import { barrierMachine, type BarrierEvent, type BarrierInput } from '../../src/machines/barrier.ts'
import { breakerMachine, type BreakerEvent } from '../../src/machines/breaker.ts'
import { step } from '../../src/machines/breakerRules.ts'
import type { Breaker } from '../../src/machines/breakerState.ts'
import { orchestratorMachine } from '../../src/machines/orchestrator.ts'
import type { RunEvent, RunState } from '../../src/machines/orchestratorState.ts'
import { scenarioMachine } from '../../src/machines/scenario.ts'
import type { ScenarioEvent } from '../../src/machines/scenarioMessages.ts'
import type { ScenarioState, Status } from '../../src/machines/scenarioState.ts'
import { scenarioStep } from '../../src/machines/scenarioStep.ts'
import { touchy } from './breakerSequences.ts'
import { runSpec } from './runHarness.ts'
import { scenarioSpec, settledBatch, tallyOf } from './scenarioHarness.ts'

// Effects need a parent and a host; a path needs the states alone.
const scenario = scenarioMachine.provide({ actions: { applyRules: assign(({ context, event }) => scenarioStep(context, event).state) } })
const barrier = barrierMachine.provide({ actions: { tellRelease: () => {} } })
const breaker = breakerMachine.provide({
  actions: {
    openGate: () => {},
    applyRules: assign(({ context, event }) => {
      return step(context, event.type === 'breaker.resume' ? { type: 'deadline.passed' } : event, event.at)
    }),
  },
})

/** Every transition of a chart, by leaf: what it reacts to (nothing: at once), and where that leads (nothing: it stays). */
function edgesOf(machine: AnyStateMachine): string[] {
  const { root } = machine
  return getStateNodes(root).flatMap((leaf) => {
    const reactions = [...leaf.transitions.values(), ...root.transitions.values()].flat()
    const atOnce = leaf.always ?? []
    return [
      ...reactions.map((t) => edge(leaf.key, t.eventType, t.target?.[0]?.key ?? leaf.key)),
      ...atOnce.map((t) => edge(leaf.key, '', t.target![0]!.key)),
    ]
  })
}

const edge = (from: string, event: string, to: string) =>
  [from, ...(event === '' ? [] : ['on', event]), ...(to === from ? [] : ['→', to])].join(' ')

interface Walk<Context> {
  input: object
  /** What may happen in a state. */
  events: (context: Context) => EventObject[]
  /** What of a context makes another state of it; the rest would make them endlessly many. */
  essence: (context: Context) => unknown
}

/** The transitions that all paths from the initial state take together. */
function walked<Context>(machine: AnyStateMachine, { input, events, essence }: Walk<Context>): Set<string> {
  const paths = getAdjacencyMap<AnyMachineSnapshot, EventObject, object>(machine as never, {
    input,
    events: (state) => (state.status === 'active' ? events(state.context as Context) : []),
    serializeState: (state) => JSON.stringify([state.value, essence(state.context as Context)]),
  })
  const taken = new Set<string>()
  for (const { state, transitions } of Object.values(paths)) {
    for (const { event } of Object.values<{ event: EventObject }>(transitions)) {
      if (!state.can(event)) continue
      const from = String(state.value)
      const steps = getMicrosteps(machine, state, event).map(([after]) => String(after.value))
      for (const [i, to] of steps.entries()) taken.add(i === 0 ? edge(from, event.type, to) : edge(steps[i - 1]!, '', to))
    }
  }
  return taken
}

function expectAllCovered<Context>(machine: AnyStateMachine, walk: Walk<Context>) {
  const all = edgesOf(machine)
  expect(all.length).toBeGreaterThan(10)
  expect([...walked(machine, walk)].toSorted()).toEqual([...new Set(all)].toSorted())
}

test('paths of events cover every transition of a scenario', () => {
  const at = 0
  expectAllCovered<ScenarioState>(scenario, {
    input: scenarioSpec({ size: 20, barriers: [50], milestones: [0, 50, 100] }),
    events: (s): ScenarioEvent[] => [
      ...(s.round < 1 ? [{ type: 'scenario.restart', fresh: false, halvings: 0, at } as const] : []),
      { type: 'scenario.start', at },
      { type: 'scenario.pause', reason: 'user', at },
      { type: 'scenario.continue', reason: 'user', at },
      { type: 'scenario.cancel', at },
      { type: 'scenario.resume', at },
      { type: 'budget.spent', at },
      { type: 'scenario.broke', reason: 'memory', at },
      { type: 'barrier.released', repetition: 1, pct: 50, at },
      ...s.open.map(
        ([from]): ScenarioEvent => ({ type: 'batches.settled', tally: tallyOf(settledBatch({ from, items: 10 })), activeMs: 0, at }),
      ),
      { type: 'lanes.ended', at },
      {
        type: 'batches.recovered',
        stored: [],
        activeMs: 0,
        unconfirmed: { ranges: s.work, more: s.more, confirmed: s.repetitions[0]!.settled },
        seenAt: at,
        at,
      },
      { type: 'work.fetched', ranges: [[0, 20]], more: null, confirmed: 0, at },
    ],
    essence: ({ pausedBy, reason, ending, open, work, more, fetching, repetitions, round }) => [
      pausedBy,
      reason,
      ending,
      open,
      work,
      more,
      fetching,
      repetitions,
      round,
    ],
  })
})

test('paths of events cover every transition of a barrier', () => {
  const at = 0
  const member = (type: 'member.arrived' | 'member.left' | 'member.joined') =>
    ['a', 'b'].map((name): BarrierEvent => ({ type, member: name, at }))
  expectAllCovered<object>(barrier, {
    input: { run: 'run-1', repetition: 1, pct: 30, members: ['a', 'b'], timeoutMs: 10, at } satisfies BarrierInput,
    events: (): BarrierEvent[] => [
      ...member('member.arrived'),
      ...member('member.left'),
      ...member('member.joined'),
      { type: 'clock.stop', at },
      { type: 'clock.start', at },
      { type: 'deadline.passed', at },
      { type: 'release.stored', at },
    ],
    essence: (context) => context,
  })
})

test('paths of events cover every transition of a breaker', () => {
  const at = 0
  expectAllCovered<Breaker>(breaker, {
    input: touchy({ maxRecoveryAttempts: 2 }),
    events: ({ generation, issued, probeAt }): BreakerEvent[] =>
      generation > 5
        ? []
        : [
            { type: 'call.failed', class: 'critical', generation, permit: issued, at },
            { type: 'call.succeeded', generation, permit: issued, durationMs: 1, at },
            { type: 'probe.requested', at },
            { type: 'deadline.passed', at: probeAt ?? at },
            { type: 'breaker.open', at },
            { type: 'breaker.disable', at },
            // A command may come when its cooldown is over and nobody has said so yet.
            { type: 'breaker.reset', at: probeAt ?? at },
            { type: 'breaker.rearm', at },
            { type: 'breaker.recover', at },
            { type: 'breaker.resume', at },
          ],
    essence: ({ generation, permits, recoveryAttempts, exhausted }) => [generation, permits.length, recoveryAttempts, exhausted],
  })
})

test('paths of events cover every transition of an orchestrator', () => {
  const at = 0
  const spec = runSpec()
  const scenarios = spec.scenarios.slice(0, 2)
  const addresses = ['default/simple', 'default/medium']
  const changed = (scenario: string, status: Status): RunEvent => {
    const reason = status === 'failed' ? 'memory' : null
    return { type: 'scenario.changed', scenario, status, reason, pausedBy: [], claim: reason ? ({ reason } as Claim) : null, at }
  }
  expectAllCovered<RunState>(orchestratorMachine, {
    input: { ...spec, scenarios },
    events: (): RunEvent[] => [
      { type: 'run.start', at },
      { type: 'run.resume', at },
      { type: 'run.pause', at },
      { type: 'run.continue', at },
      { type: 'run.cancel', at },
      { type: 'run.restart', fresh: false, at },
      { type: 'database.lost', at },
      { type: 'database.back', at },
      { type: 'breaker.open', at },
      { type: 'breaker.disable', at },
      { type: 'breaker.reset', at },
      { type: 'breaker.changed', variant: 'default', status: 'closed', exhausted: false, neverWorked: false, probes: 1, at },
      { type: 'barrier.released', repetition: 1, pct: 50, outcome: { kind: 'all', missing: [] }, at },
      ...addresses.flatMap((scenario): RunEvent[] => [
        { type: 'scenario.told', news: [{ type: 'scenario.reached', scenario, repetition: 1, pct: 50, at }], at },
        { type: 'scenario.reached', scenario, repetition: 1, pct: 50, at },
        { type: 'scenario.arrived', scenario, repetition: 1, pct: 50, at },
        changed(scenario, 'running'),
        changed(scenario, 'complete'),
        changed(scenario, 'failed'),
      ]),
    ],
    essence: ({ members, pausedBy, startedAt }) => [Object.values(members).map(({ status }) => status), pausedBy, startedAt === null],
  })
})
