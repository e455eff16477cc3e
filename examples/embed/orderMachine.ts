import { fileURLToPath } from 'node:url'
import { assign, setup } from 'xstate'
import { definePlan, runLogic, type Troupe } from 'troupe'

export interface Order {
  id: string
  text: string
  plates: number
}

const ENGRAVE = fileURLToPath(new URL('engrave.ts', import.meta.url))

const planOf = ({ text, plates }: Order) =>
  definePlan({
    name: 'engraving',
    skill: { kind: 'function', module: ENGRAVE, params: { text } },
    scenarios: { plates: { size: plates, batchSize: 5 } },
  })

/** An order of engraved plates: a run does the work, the machine knows what it means. */
export const createOrderMachine = (troupe: Troupe) =>
  setup({
    types: { input: {} as Order, context: {} as Order & { engraved: number; problem: string | null } },
    actors: { run: runLogic(troupe) },
  }).createMachine({
    id: 'order',
    context: ({ input }) => ({ ...input, engraved: 0, problem: null }),
    initial: 'engraving',
    states: {
      engraving: {
        invoke: {
          id: 'run',
          src: 'run',
          input: ({ context }) => ({ id: `order-${context.id}`, plan: planOf(context) }),
          onDone: [
            {
              guard: ({ event }) => event.output.status === 'complete',
              target: 'ready',
              actions: assign({ engraved: ({ event }) => event.output.scenarios[0]!.items }),
            },
            { target: 'failed', actions: assign({ problem: ({ event }) => event.output.verdict.reasons.join('; ') }) },
          ],
          onError: { target: 'failed', actions: assign({ problem: ({ event }) => String(event.error) }) },
        },
      },
      ready: { type: 'final' },
      failed: { type: 'final' },
    },
  })
