import { createActor, setup, SimulatedClock, type ActorRefFrom, type EventObject, type Snapshot } from 'xstate'
import { createDeadline } from '../../src/actors/deadline.ts'
import { createGate, Gate } from '../../src/actors/gate.ts'
import { breakerMachine } from '../../src/machines/breaker.ts'
import type { BreakerFact } from '../../src/machines/breakerFacts.ts'
import { initialBreaker, type Breaker, type BreakerRulesEvent, type BreakerSpec } from '../../src/machines/breakerState.ts'

/** Knows how many timers are armed. */
export class CountingClock extends SimulatedClock {
  readonly armed = new Set<unknown>()

  override setTimeout(fn: (...args: unknown[]) => void, ms: number) {
    const id: ReturnType<SimulatedClock['setTimeout']> = super.setTimeout((...args: unknown[]) => {
      this.armed.delete(id)
      fn(...args)
    }, ms)
    this.armed.add(id)
    return id
  }

  override clearTimeout(id: ReturnType<SimulatedClock['setTimeout']>) {
    this.armed.delete(id)
    super.clearTimeout(id)
  }
}

/** A breaker with its gate, under a parent that writes down what it is told. `stored`: as a restore has it, before it is told to go on. */
export function startBreaker(
  spec: BreakerSpec,
  { at = 0, stored, clock = new CountingClock() }: { at?: number; stored?: Breaker; clock?: SimulatedClock } = {},
) {
  clock.set(at)
  const gate = new Gate(stored ?? initialBreaker(spec), clock)
  const told: EventObject[] = []
  const facts: BreakerFact[] = []
  const provided = breakerMachine.provide({
    actors: {
      gate: createGate(({ run, variant }) => {
        if (run !== spec.run || variant !== spec.variant) throw new Error(`There is no gate for ${variant} of ${run}`)
        return gate
      }),
      deadline: createDeadline(clock),
    },
  })
  const parent = setup({ actors: { breaker: provided } }).createMachine({
    invoke: { src: 'breaker', id: 'breaker', input: spec },
    on: { '*': { actions: ({ event }) => void told.push(event) } },
  })
  const children = stored && { breaker: { src: 'breaker', syncSnapshot: false, snapshot: persisted(stored.status, stored) } }
  const snapshot = children && persisted({}, {}, children)
  const root = createActor(parent, { clock, snapshot })
  const breaker = root.getSnapshot().children.breaker as unknown as ActorRefFrom<typeof breakerMachine>
  breaker.on('*', (fact) => void facts.push(fact))
  root.start()
  return {
    breaker,
    gate,
    clock,
    told,
    facts,
    /** At the present time. */
    send: (event: BreakerRulesEvent | { type: 'breaker.resume' }) => breaker.send({ ...event, at: clock.now() }),
    state: () => breaker.getSnapshot().context,
    status: () => breaker.getSnapshot().value,
    isPassing: () => breaker.getSnapshot().hasTag('passing'),
    stop: () => root.stop(),
  }
}

const persisted = (value: unknown, context: object, children: object = {}) =>
  structuredClone({
    status: 'active',
    value,
    historyValue: {},
    context,
    children,
    output: undefined,
    error: undefined,
  }) as unknown as Snapshot<unknown>
