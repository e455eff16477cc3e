import { enqueueActions, setup } from 'xstate'
import type { DeadlineLogic } from '../actors/deadline.ts'
import type { GateLogic } from '../actors/gate.ts'
import { step, wakeAt } from './breakerRules.ts'
import { changeOf, viewOf, type BreakerFact } from './breakerFacts.ts'
import { initialBreaker, type Breaker, type BreakerRulesEvent, type BreakerSpec, type BreakerStatus } from './breakerState.ts'
import { needs } from './needs.ts'

export const BREAKER_VERSION = 2

export type BreakerEvent = (BreakerRulesEvent & { at: number }) | { type: 'breaker.resume'; at: number }

const whenever = <S extends BreakerStatus>(status: S) => ({ guard: { type: 'is', params: status } as const, target: status })

const EVENTS = {
  'call.succeeded': { actions: 'applyRules' },
  'call.failed': { actions: 'applyRules' },
  'probe.requested': { actions: 'applyRules' },
  'deadline.passed': { actions: 'applyRules' },
  'breaker.open': { actions: 'applyRules' },
  'breaker.disable': { actions: 'applyRules' },
  'breaker.reset': { actions: 'applyRules' },
  'breaker.rearm': { actions: 'applyRules' },
  'breaker.recover': { actions: 'applyRules' },
  'breaker.resume': { actions: 'applyRules' },
} as const

/** The circuit breaker in front of one variant's skill: it hears of every call from its gate, and says there what may pass. */
export const breakerMachine = setup({
  types: {
    input: {} as BreakerSpec,
    context: {} as Breaker,
    events: {} as BreakerEvent,
    emitted: {} as BreakerFact,
    tags: {} as 'passing',
  },
  actors: { gate: needs<GateLogic>('gate'), deadline: needs<DeadlineLogic>('deadline') },
  guards: { is: ({ context }, status: BreakerStatus) => context.status === status },
  actions: {
    openGate: enqueueActions(({ context, enqueue }) => {
      const { run, variant } = context.spec
      enqueue.spawnChild('gate', { id: 'gate', input: { run, variant } })
    }),
    applyRules: enqueueActions(({ context: before, event, enqueue }) => {
      const { at } = event
      const resumed = event.type === 'breaker.resume'
      const breaker = step(before, resumed ? { type: 'deadline.passed' } : event, at)
      if (resumed) {
        const { run, variant } = breaker.spec
        enqueue.stopChild('gate')
        enqueue.spawnChild('gate', { id: 'gate', input: { run, variant } })
      } else if (breaker === before) return
      enqueue.assign(() => breaker)
      enqueue.sendTo('gate', { type: 'breaker.is', breaker })
      const wake = wakeAt(breaker)
      if (resumed || wake !== wakeAt(before)) {
        enqueue.stopChild('deadline')
        if (wake !== null) enqueue.spawnChild('deadline', { id: 'deadline', input: { at: wake } })
      }
      const fact = changeOf(before, breaker, event)
      if (fact) enqueue.emit(fact)
      const view = viewOf(breaker)
      if (resumed || breaker.generation !== before.generation || view.neverWorked !== viewOf(before).neverWorked)
        enqueue.sendParent({ type: 'breaker.changed', ...view, at })
    }),
  },
}).createMachine({
  id: 'breaker',
  version: String(BREAKER_VERSION),
  context: ({ input }) => initialBreaker(input),
  entry: 'openGate',
  initial: 'closed',
  on: EVENTS,
  states: {
    closed: { tags: 'passing', always: [whenever('open'), whenever('halfOpen'), whenever('forcedOpen'), whenever('disabled')] },
    open: { always: [whenever('halfOpen'), whenever('closed'), whenever('forcedOpen'), whenever('disabled')] },
    halfOpen: { always: [whenever('closed'), whenever('open'), whenever('forcedOpen'), whenever('disabled')] },
    forcedOpen: { always: [whenever('closed'), whenever('disabled')] },
    disabled: { tags: 'passing', always: [whenever('closed'), whenever('forcedOpen')] },
  },
})
