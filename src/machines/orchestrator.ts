import { enqueueActions, setup } from 'xstate'
import { barrierMachine } from './barrier.ts'
import { breakerMachine } from './breaker.ts'
import { breakerId } from './orchestratorBreakers.ts'
import { initialRunState, type RunEvent, type RunFact, type RunSpec, type RunState } from './orchestratorState.ts'
import { barrierId, orchestratorStep, runStatusOf } from './orchestratorStep.ts'
import { scenarioMachine } from './scenario.ts'
import type { Status } from './scenarioState.ts'
import { addressOf } from './scenarioStep.ts'

export const ORCHESTRATOR_VERSION = 1

const whenever = <S extends Status>(status: S) => ({ guard: { type: 'is', params: status } as const, target: status })

/** One run: spawns its scenarios, starts them, keeps its barriers, obeys commands, and collects the claims. */
export const orchestratorMachine = setup({
  types: {
    input: {} as RunSpec,
    context: {} as RunState,
    events: {} as RunEvent,
    emitted: {} as RunFact,
    tags: {} as 'final',
  },
  actors: { scenario: scenarioMachine, barrier: barrierMachine, breaker: breakerMachine },
  guards: { is: ({ context }, status: Status) => runStatusOf(context) === status },
  actions: {
    spawnMembers: enqueueActions(({ context, enqueue }) => {
      for (const input of context.spec.breakers) enqueue.spawnChild('breaker', { id: breakerId(input.variant), input })
      for (const input of context.spec.scenarios) enqueue.spawnChild('scenario', { id: addressOf(input), input })
    }),
    applyRules: enqueueActions(({ context, event, enqueue }) => {
      const { state, facts, sends, newBarriers, endedBarriers } = orchestratorStep(context, event)
      enqueue.assign(() => state)
      for (const fact of facts) enqueue.emit(fact)
      for (const id of endedBarriers) enqueue.stopChild(id)
      for (const input of newBarriers) enqueue.spawnChild('barrier', { id: barrierId(input), input })
      for (const { to, event: message } of sends) enqueue.sendTo(to, message)
    }),
  },
}).createMachine({
  id: 'orchestrator',
  version: String(ORCHESTRATOR_VERSION),
  context: ({ input }) => initialRunState(input),
  entry: 'spawnMembers',
  initial: 'pending',
  on: {
    'run.resume': { actions: 'applyRules' },
    'run.cancel': { actions: 'applyRules' },
    'scenario.told': { actions: 'applyRules' },
    'scenario.changed': { actions: 'applyRules' },
    'scenario.reached': { actions: 'applyRules' },
    'scenario.arrived': { actions: 'applyRules' },
    'barrier.released': { actions: 'applyRules' },
    'breaker.changed': { actions: 'applyRules' },
    'breaker.open': { actions: 'applyRules' },
    'breaker.disable': { actions: 'applyRules' },
    'breaker.reset': { actions: 'applyRules' },
    'database.lost': { actions: 'applyRules' },
    'database.back': { actions: 'applyRules' },
  },
  states: {
    pending: {
      on: { 'run.start': { actions: 'applyRules' }, 'run.pause': { actions: 'applyRules' }, 'run.continue': { actions: 'applyRules' } },
      always: [whenever('running'), whenever('paused'), whenever('failed')],
    },
    running: {
      on: { 'run.pause': { actions: 'applyRules' }, 'run.continue': { actions: 'applyRules' }, 'run.restart': { actions: 'applyRules' } },
      always: [whenever('paused'), whenever('complete'), whenever('failed')],
    },
    paused: {
      on: { 'run.pause': { actions: 'applyRules' }, 'run.continue': { actions: 'applyRules' }, 'run.restart': { actions: 'applyRules' } },
      always: [whenever('running'), whenever('complete'), whenever('failed')],
    },
    complete: { tags: 'final', on: { 'run.restart': { actions: 'applyRules' } }, always: [whenever('running'), whenever('failed')] },
    failed: { tags: 'final', on: { 'run.restart': { actions: 'applyRules' } }, always: [whenever('running'), whenever('complete')] },
  },
})
