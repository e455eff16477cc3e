import { enqueueActions, setup } from 'xstate'
import type { BudgetLogic } from '../actors/budget.ts'
import type { LanesLogic } from '../actors/lanes.ts'
import type { UnconfirmedLogic } from '../actors/unconfirmed.ts'
import { needs } from './needs.ts'
import type { ScenarioEvent, ScenarioFact } from './scenarioMessages.ts'
import { initialState, type ScenarioSpec, type ScenarioState, type Status } from './scenarioState.ts'
import { addressOf, scenarioStep, statusOf } from './scenarioStep.ts'

export const SCENARIO_VERSION = 1

const whenever = <S extends Status>(status: S) => ({ guard: { type: 'is', params: status } as const, target: status })

/** One scenario: hands its items to its lanes, waits at barriers, and ends in one claim. */
export const scenarioMachine = setup({
  types: {
    input: {} as ScenarioSpec,
    context: {} as ScenarioState,
    events: {} as ScenarioEvent,
    emitted: {} as ScenarioFact,
    tags: {} as 'final',
  },
  actors: {
    lanes: needs<LanesLogic>('lanes'),
    budget: needs<BudgetLogic>('budget'),
    unconfirmed: needs<UnconfirmedLogic>('unconfirmed'),
  },
  guards: { is: ({ context }, status: Status) => statusOf(context) === status },
  actions: {
    applyRules: enqueueActions(({ context, event, enqueue }) => {
      const { state, facts, messages, lanes, orders, fetch, budget } = scenarioStep(context, event)
      const { repetition, round, firstRound, spec } = state
      const whose = { run: spec.run, scenario: addressOf(spec) }
      enqueue.assign(() => state)
      for (const fact of facts) enqueue.emit(fact)
      const [first, ...others] = messages
      if (first) enqueue.sendParent(others.length === 0 ? first : { type: 'scenario.told', news: messages, at: first.at })
      if (lanes === 'stop') enqueue.stopChild('lanes')
      if (budget) enqueue.stopChild('budget')
      if (budget === 'start' && spec.timeBudgetMs !== null) {
        const limitMs = state.activeBeforeMs + spec.timeBudgetMs
        enqueue.spawnChild('budget', { id: 'budget', input: { ...whose, limitMs, usedMs: state.activeMs } })
      }
      if (fetch) {
        enqueue.stopChild('unconfirmed')
        enqueue.spawnChild('unconfirmed', {
          id: 'unconfirmed',
          input: { ...whose, size: spec.size, repetition, round, firstRound, from: state.more ?? 0 },
        })
      }
      if (lanes === 'start') enqueue.spawnChild('lanes', { id: 'lanes', input: whose })
      for (const order of orders) enqueue.sendTo('lanes', order)
    }),
  },
}).createMachine({
  id: 'scenario',
  version: String(SCENARIO_VERSION),
  context: ({ input }) => initialState(input),
  initial: 'pending',
  on: {
    'batches.recovered': { actions: 'applyRules' },
    'scenario.resume': { actions: 'applyRules' },
  },
  states: {
    pending: {
      on: {
        'scenario.start': { actions: 'applyRules' },
        'scenario.pause': { actions: 'applyRules' },
        'scenario.continue': { actions: 'applyRules' },
        'scenario.cancel': { actions: 'applyRules' },
        'scenario.broke': { actions: 'applyRules' },
      },
      always: [whenever('running'), whenever('paused'), whenever('failed')],
    },
    running: {
      on: {
        'batches.settled': { actions: 'applyRules' },
        'lanes.ended': { actions: 'applyRules' },
        'work.fetched': { actions: 'applyRules' },
        'scenario.pause': { actions: 'applyRules' },
        'barrier.released': { actions: 'applyRules' },
        'budget.spent': { actions: 'applyRules' },
        'scenario.broke': { actions: 'applyRules' },
        'scenario.cancel': { actions: 'applyRules' },
      },
      always: [whenever('paused'), whenever('complete'), whenever('failed')],
    },
    paused: {
      on: {
        'batches.settled': { actions: 'applyRules' },
        'lanes.ended': { actions: 'applyRules' },
        'work.fetched': { actions: 'applyRules' },
        'scenario.pause': { actions: 'applyRules' },
        'scenario.continue': { actions: 'applyRules' },
        'barrier.released': { actions: 'applyRules' },
        'budget.spent': { actions: 'applyRules' },
        'scenario.broke': { actions: 'applyRules' },
        'scenario.cancel': { actions: 'applyRules' },
      },
      always: [whenever('running'), whenever('complete'), whenever('failed')],
    },
    complete: { tags: 'final', on: { 'scenario.restart': { actions: 'applyRules' } }, always: [whenever('pending')] },
    failed: { tags: 'final', on: { 'scenario.restart': { actions: 'applyRules' } }, always: [whenever('pending')] },
  },
})
