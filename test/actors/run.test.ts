import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { assign, createActor, setup, waitFor, type AnyActorRef } from 'xstate'
import { runLogic, type RunInput } from '../../src/actors/run.ts'
import { OwnershipLostError } from '../../src/errors.ts'
import type { StoredEvent } from '../../src/persistence/store.ts'
import type { PlanInput } from '../../src/plan.ts'
import { openTroupe, type Troupe } from '../../src/troupe.ts'
import { until } from '../support/until.ts'

interface Gate {
  calls: string[]
  /** The batch that waits; −1: none. */
  holdsAt: number
  opened: Promise<void>
  open: () => void
}

const opened: Troupe[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((troupe) => troupe.close({ shutdownMs: 0 })))
})

async function inMemory(): Promise<Troupe> {
  const troupe = await openTroupe({ database: 'memory' })
  opened.push(troupe)
  return troupe
}

function gate(name: string, holdsAt: number): Gate {
  const { promise, resolve } = Promise.withResolvers<void>()
  const made: Gate = { calls: [], holdsAt, opened: promise, open: resolve }
  Object.assign(globalThis, { [Symbol.for(name)]: made })
  return made
}

const SKILL = fileURLToPath(new URL('fixtures/gated.mjs', import.meta.url))

/** Four batches of one item, one after the other. */
const planOf = (gateName: string): PlanInput => ({
  name: 'order',
  skill: { kind: 'function', module: SKILL, isolation: 'inline', params: { gate: gateName } },
  scenarios: { only: { size: 4, batchSize: 1 } },
})

const orderMachine = (troupe: Troupe) =>
  setup({
    types: {
      input: {} as RunInput,
      context: {} as { run: RunInput; items: number | null; failure: string | null },
    },
    actors: { run: runLogic(troupe) },
  }).createMachine({
    id: 'order',
    context: ({ input }) => ({ run: input, items: null, failure: null }),
    initial: 'running',
    states: {
      running: {
        invoke: {
          id: 'run',
          src: 'run',
          input: ({ context }) => context.run,
          onDone: { target: 'delivered', actions: assign({ items: ({ event }) => event.output.scenarios[0]!.items }) },
          onError: { target: 'failed', actions: assign({ failure: ({ event }) => (event.error as { code: string }).code }) },
        },
      },
      delivered: { type: 'final' },
      failed: { type: 'final' },
    },
  })

const KEYS = [0, 1, 2, 3].map((item) => `/default/only/1/${item}-${item + 1}`)

function heard(order: { getSnapshot(): { children: { run?: AnyActorRef } } }): StoredEvent[] {
  const events: StoredEvent[] = []
  order.getSnapshot().children.run!.on('*', (event) => events.push(event as StoredEvent))
  return events
}

test('an invoked run emits its events as they are stored, and its output is the report', async () => {
  const troupe = await inMemory()
  gate('whole', -1)
  const run = createActor(runLogic(troupe), { input: { plan: planOf('whole'), id: 'order-1' } })
  const events: StoredEvent[] = []
  run.on('*', (event) => events.push(event))
  run.start()
  const { output } = await waitFor(run, ({ status }) => status === 'done')
  const stored: StoredEvent[] = []
  for await (const event of (await troupe.attach('order-1')).events()) stored.push(event)
  expect(events).toEqual(stored)
  expect(events.map(({ type }) => type)).toContain('run.completed')
  expect(output).toEqual(await troupe.report('order-1'))
  expect(output).toMatchObject({
    run: 'order-1',
    status: 'complete',
    scenarios: [{ items: 4, batches: 4 }],
  })
})

test('a machine that was stored, stopped and restored goes on with the same run, and pays for no batch twice', async () => {
  const troupe = await inMemory()
  const { calls, open } = gate('restored', 2)
  const machine = orderMachine(troupe)
  const before = createActor(machine, { input: { plan: planOf('restored'), id: 'order-2' } }).start()
  await until('three are called', () => calls.length === 3)
  const stored = JSON.parse(JSON.stringify(before.getPersistedSnapshot()))
  before.stop()
  expect(stored.value).toBe('running')

  // At once: the run is still being stopped.
  const after = createActor(machine, { input: { plan: '', id: '' }, snapshot: stored }).start()
  const events = heard(after)
  open()
  const { value, context } = await waitFor(after, ({ status }) => status === 'done')
  expect(value).toBe('delivered')
  expect(context).toMatchObject({ items: 4, failure: null })
  expect(calls.toSorted()).toEqual([...KEYS, KEYS[2]!].map((key) => `order-2${key}`).toSorted())
  expect(events.filter(({ type }) => type === 'run.started')).toHaveLength(1)
  expect((await troupe.list()).map(({ id }) => id)).toEqual(['order-2'])
})

test('a machine that is stopped stops its run, which anybody may go on with', async () => {
  const troupe = await inMemory()
  const { calls, open } = gate('stopped', 1)
  const order = createActor(orderMachine(troupe), { input: { plan: planOf('stopped'), id: 'order-3' } }).start()
  await until('two are called', () => calls.length === 2)
  const run = await troupe.attach('order-3')
  order.stop()
  await expect(run.result()).rejects.toMatchObject({ code: 'RUN_STOPPED' })
  open()
  const report = await (await troupe.resume('order-3')).result()
  expect(report).toMatchObject({ status: 'complete', scenarios: [{ items: 4 }] })
})

test('a troupe that is closed under a machine leaves it waiting, so that its snapshot still names the run', async () => {
  const troupe = await inMemory()
  const { calls } = gate('closed', 0)
  const order = createActor(orderMachine(troupe), { input: { plan: planOf('closed'), id: 'order-4' } }).start()
  await until('one is called', () => calls.length === 1)
  const run = await troupe.attach('order-4')
  await troupe.close({ shutdownMs: 0 })
  await Array.fromAsync(run.events())
  await expect(run.result()).rejects.toMatchObject({ code: 'RUN_STOPPED' })
  await new Promise(setImmediate)
  const stored = JSON.parse(JSON.stringify(order.getPersistedSnapshot()))
  expect(stored).toMatchObject({ value: 'running', children: { run: { snapshot: { status: 'active', input: { id: 'order-4' } } } } })
})

test('a finished run gives its report again, without a call', async () => {
  const troupe = await inMemory()
  const { calls } = gate('finished', -1)
  const input = { plan: planOf('finished'), id: 'order-5' }
  for (let time = 0; time < 2; time++) {
    const order = createActor(orderMachine(troupe), { input }).start()
    const { context } = await waitFor(order, ({ status }) => status === 'done')
    expect(context.items).toBe(4)
  }
  expect(calls).toHaveLength(4)
})

test('without an id, and with a wrong plan, the machine is told so', async () => {
  const troupe = await inMemory()
  gate('wrong', -1)
  const withoutId = createActor(orderMachine(troupe), { input: { plan: planOf('wrong'), id: '' } }).start()
  expect((await waitFor(withoutId, ({ status }) => status === 'done')).context.failure).toBe('RUN_ID_MISSING')
  const wrong = createActor(orderMachine(troupe), { input: { plan: { ...planOf('wrong'), batchSize: 0 }, id: 'order-6' } }).start()
  expect((await waitFor(wrong, ({ status }) => status === 'done')).context.failure).toBe('PLAN_INVALID')
  expect(await troupe.list()).toEqual([])
})

test('a run that another process took over fails the machine, though no further event comes', async () => {
  const lost = {
    events: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }),
    result: () => Promise.reject(new OwnershipLostError('order-7', 1)),
    stop: () => Promise.resolve(),
  }
  const run = createActor(runLogic({ start: () => Promise.resolve(lost) }), { input: { plan: 'plan.ts', id: 'order-7' } })
  run.subscribe({ error() {} })
  run.start()
  await until('it has failed', () => run.getSnapshot().status === 'error')
  expect(run.getSnapshot().error).toMatchObject({ code: 'OWNERSHIP_LOST' })
})
