import { createActor, fromCallback, setup, SimulatedClock, type ActorRefFrom, type EventObject } from 'xstate'
import { expect, test } from 'vitest'
import { createDeadline } from '../../src/actors/deadline.ts'
import type { ReleaseInput } from '../../src/actors/release.ts'
import { barrierMachine, type BarrierEvent, type BarrierOutcome } from '../../src/machines/barrier.ts'

interface Released {
  type: 'barrier.released'
  repetition: number
  pct: number
  outcome: BarrierOutcome
  at: number
}

const MEMBERS = ['a/simple', 'a/medium', 'a/complex']

/** A barrier of three that waits for 30 s from now on. Its release is stored when the test says so. */
function startBarrier({
  clock = new SimulatedClock(),
  stored,
  storeAtOnce = true,
}: {
  clock?: SimulatedClock
  stored?: string
  storeAtOnce?: boolean
} = {}) {
  const told: Released[] = []
  const releases: ReleaseInput[] = []
  let confirm = () => {}
  const machine = barrierMachine.provide({
    actors: {
      deadline: createDeadline(clock),
      release: fromCallback<EventObject, ReleaseInput>(({ input, sendBack }) => {
        releases.push(input)
        confirm = () => sendBack({ type: 'release.stored', at: clock.now() })
        if (storeAtOnce) confirm()
      }),
    },
  })
  const parent = setup({ types: { events: {} as Released }, actors: { barrier: machine } }).createMachine({
    invoke: {
      src: 'barrier',
      id: 'barrier',
      input: { run: 'run-1', repetition: 1, pct: 30, members: MEMBERS, timeoutMs: 30_000, at: clock.now() },
    },
    on: { 'barrier.released': { actions: ({ event }) => void told.push(event) } },
  })
  const root = createActor(parent, { clock, snapshot: stored === undefined ? undefined : JSON.parse(stored) }).start()
  const barrier = () => root.getSnapshot().children.barrier as unknown as ActorRefFrom<typeof barrierMachine>
  const ref = barrier()
  const send = (event: BarrierEvent) => ref.send(event)
  return {
    clock,
    told,
    releases,
    confirm: () => confirm(),
    send,
    arrive: (...members: string[]) => members.forEach((member) => send({ type: 'member.arrived', member, at: clock.now() })),
    leave: (member: string) => send({ type: 'member.left', member, at: clock.now() }),
    join: (member: string) => send({ type: 'member.joined', member, at: clock.now() }),
    stopClock: () => send({ type: 'clock.stop', at: clock.now() }),
    startClock: () => send({ type: 'clock.start', at: clock.now() }),
    state: () => ref.getSnapshot(),
    /** As a process that ends leaves it. */
    persist() {
      const text = JSON.stringify(root.getPersistedSnapshot())
      root.stop()
      return text
    },
  }
}

test('released when every member has arrived, whatever the order', () => {
  const barrier = startBarrier()
  barrier.arrive('a/complex')
  barrier.clock.increment(10)
  barrier.arrive('a/simple')
  barrier.clock.increment(10)
  expect(barrier.told).toEqual([])
  barrier.arrive('a/medium')
  expect(barrier.told).toEqual([{ type: 'barrier.released', repetition: 1, pct: 30, outcome: { kind: 'all', missing: [] }, at: 20 }])
  expect(barrier.releases).toEqual([{ run: 'run-1', repetition: 1, pct: 30, reachedAt: 20, outcome: { kind: 'all', missing: [] } }])
  expect(barrier.state().status).toBe('done')
})

test('nobody hears of it before it is stored', () => {
  const barrier = startBarrier({ storeAtOnce: false })
  barrier.arrive(...MEMBERS)
  expect(barrier.releases).toHaveLength(1)
  expect(barrier.told).toEqual([])
  barrier.clock.increment(70)
  barrier.confirm()
  expect(barrier.told).toMatchObject([{ at: 70, outcome: { kind: 'all' } }])
})

test('one that becomes final leaves, and the rest go on without it', () => {
  const barrier = startBarrier()
  barrier.arrive('a/simple')
  barrier.leave('a/complex')
  expect(barrier.told).toEqual([])
  barrier.arrive('a/medium')
  expect(barrier.told).toMatchObject([{ outcome: { kind: 'without', missing: ['a/complex'] } }])
})

test('one that had arrived before it ended is not missing', () => {
  const barrier = startBarrier()
  barrier.arrive('a/simple', 'a/complex')
  barrier.leave('a/complex')
  barrier.arrive('a/medium')
  expect(barrier.told).toMatchObject([{ outcome: { kind: 'all', missing: [] } }])
})

test('the last that could come leaves: those who wait go on', () => {
  const barrier = startBarrier()
  barrier.arrive('a/simple')
  barrier.leave('a/complex')
  barrier.leave('a/medium')
  expect(barrier.told).toMatchObject([{ outcome: { kind: 'without', missing: ['a/medium', 'a/complex'] } }])
})

test('after the time-out, counted from the first arrival, it says who was missing', () => {
  const barrier = startBarrier()
  barrier.arrive('a/simple')
  barrier.clock.increment(20_000)
  barrier.arrive('a/medium')
  barrier.clock.increment(9_999)
  expect(barrier.told).toEqual([])
  barrier.clock.increment(1)
  expect(barrier.told).toMatchObject([{ at: 30_000, outcome: { kind: 'timed-out', missing: ['a/complex'] } }])
  expect(barrier.releases).toMatchObject([{ reachedAt: 30_000 }])
})

test('one that left is missing at a time-out too', () => {
  const barrier = startBarrier()
  barrier.arrive('a/simple')
  barrier.leave('a/complex')
  barrier.clock.increment(30_000)
  expect(barrier.told).toMatchObject([{ outcome: { kind: 'timed-out', missing: ['a/medium', 'a/complex'] } }])
})

test('one that joins is waited for, and one that comes again has to arrive again', () => {
  const barrier = startBarrier()
  barrier.join('b/simple')
  barrier.arrive('a/simple', 'a/medium')
  barrier.leave('a/medium')
  barrier.join('a/medium')
  barrier.arrive('a/complex', 'b/simple')
  expect(barrier.told).toEqual([])
  barrier.arrive('a/medium')
  expect(barrier.told).toMatchObject([{ outcome: { kind: 'all', missing: [] } }])
})

test('its clock stands while it is stopped, and goes on with what was left', () => {
  const barrier = startBarrier()
  barrier.arrive('a/simple')
  barrier.clock.increment(10_000)
  barrier.stopClock()
  barrier.clock.increment(3_600_000)
  expect(barrier.told).toEqual([])
  barrier.startClock()
  barrier.clock.increment(19_999)
  expect(barrier.told).toEqual([])
  barrier.clock.increment(1)
  expect(barrier.told).toMatchObject([{ outcome: { kind: 'timed-out', missing: ['a/medium', 'a/complex'] } }])
})

test('only its clock stands: when all have arrived it is released all the same', () => {
  const barrier = startBarrier()
  barrier.arrive('a/simple')
  barrier.stopClock()
  barrier.arrive('a/medium')
  barrier.arrive('a/complex')
  expect(barrier.told).toMatchObject([{ outcome: { kind: 'all', missing: [] } }])
})

test('stored and restored, its deadline fires at the original time', () => {
  const clock = new SimulatedClock()
  const before = startBarrier({ clock })
  before.arrive('a/simple')
  clock.increment(12_000)
  const stored = before.persist()
  const after = startBarrier({ clock, stored })
  clock.increment(17_999)
  expect(after.told).toEqual([])
  clock.increment(1)
  expect(after.told).toMatchObject([{ at: 30_000, outcome: { kind: 'timed-out', missing: ['a/medium', 'a/complex'] } }])
  expect(before.told).toEqual([])
})

test('stored while its clock stood, it has left what was left', () => {
  const clock = new SimulatedClock()
  const before = startBarrier({ clock })
  before.arrive('a/simple')
  clock.increment(12_000)
  before.stopClock()
  const stored = before.persist()
  clock.increment(100_000)
  const after = startBarrier({ clock, stored })
  after.startClock()
  clock.increment(17_999)
  expect(after.told).toEqual([])
  clock.increment(1)
  expect(after.told).toMatchObject([{ at: 130_000, outcome: { kind: 'timed-out' } }])
})

test('stored while its release was being stored, it stores it again', () => {
  const clock = new SimulatedClock()
  const before = startBarrier({ clock, storeAtOnce: false })
  before.arrive(...MEMBERS)
  const after = startBarrier({ clock, stored: before.persist(), storeAtOnce: false })
  expect(after.releases).toEqual(before.releases)
  after.confirm()
  expect(after.told).toHaveLength(1)
})

test('every message twice is every message once', () => {
  const barrier = startBarrier({ storeAtOnce: false })
  const twice = (act: () => void) => {
    act()
    const before = barrier.state()
    act()
    expect(barrier.state()).toEqual(before)
  }
  twice(() => barrier.arrive('a/simple'))
  barrier.clock.increment(5)
  barrier.arrive('a/simple')
  expect(barrier.state().context.reachedAt).toBe(0)
  twice(() => barrier.join('b/simple'))
  twice(() => barrier.leave('b/simple'))
  twice(() => barrier.stopClock())
  twice(() => barrier.startClock())
  twice(() => barrier.arrive('a/medium'))
  twice(() => barrier.arrive('a/complex'))
  barrier.confirm()
  barrier.confirm()
  expect(barrier.told).toMatchObject([{ outcome: { kind: 'without', missing: ['b/simple'] } }])
})
