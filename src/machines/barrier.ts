import { assign, sendParent, setup } from 'xstate'
import type { DeadlineLogic } from '../actors/deadline.ts'
import type { ReleaseLogic } from '../actors/release.ts'
import { needs } from './needs.ts'

export const BARRIER_VERSION = 1

export interface BarrierInput {
  run: string
  repetition: number
  pct: number
  members: string[]
  timeoutMs: number
  at: number
}

export type BarrierEvent =
  | { type: 'member.arrived'; member: string; at: number }
  /** It is final: nobody waits for it any more. */
  | { type: 'member.left'; member: string; at: number }
  | { type: 'member.joined'; member: string; at: number }
  | { type: 'clock.stop'; at: number }
  | { type: 'clock.start'; at: number }
  | { type: 'deadline.passed'; at: number }
  | { type: 'release.stored'; at: number }

export interface BarrierOutcome {
  kind: 'all' | 'without' | 'timed-out'
  missing: string[]
}

export interface BarrierState {
  run: string
  repetition: number
  pct: number
  members: string[]
  arrived: string[]
  left: string[]
  /** When those who wait go on without the rest, epoch ms; meaningless while the clock stands. */
  deadlineAt: number
  /** What was left when the clock was stopped, ms. */
  leftMs: number
  reachedAt: number
  outcome: BarrierOutcome | null
}

const isMissing = (b: BarrierState) => (member: string) => !b.arrived.includes(member)
const everybodyIsHere = (b: BarrierState) => b.members.every((m) => b.arrived.includes(m) || b.left.includes(m))

/** A milestone at which scenarios wait for each other. Its release is stored before anybody hears of it. */
export const barrierMachine = setup({
  types: {
    input: {} as BarrierInput,
    context: {} as BarrierState,
    events: {} as BarrierEvent,
  },
  actors: { deadline: needs<DeadlineLogic>('deadline'), release: needs<ReleaseLogic>('release') },
  guards: {
    everybodyIsHere: ({ context }) => everybodyIsHere(context),
  },
  actions: {
    arrive: assign(({ context, event }) => {
      if (event.type !== 'member.arrived' || context.arrived.includes(event.member)) return {}
      return { arrived: [...context.arrived, event.member], left: context.left.filter((m) => m !== event.member), reachedAt: event.at }
    }),
    leave: assign(({ context, event }) => {
      if (event.type !== 'member.left' || context.left.includes(event.member)) return {}
      return { left: [...context.left, event.member] }
    }),
    join: assign(({ context, event }) => {
      if (event.type !== 'member.joined') return {}
      const others = (list: string[]) => list.filter((m) => m !== event.member)
      // It is not where it was: it says so itself when it arrives again.
      return { members: [...others(context.members), event.member], arrived: others(context.arrived), left: others(context.left) }
    }),
    stopClock: assign(({ context, event }) => ({ leftMs: Math.max(0, context.deadlineAt - event.at) })),
    startClock: assign(({ context, event }) => ({ deadlineAt: event.at + context.leftMs })),
    decide: assign(({ context }) => {
      const missing = context.members.filter(isMissing(context))
      return { outcome: { kind: missing.length > 0 ? ('without' as const) : ('all' as const), missing } }
    }),
    giveUp: assign(({ context, event }) => ({
      reachedAt: event.at,
      outcome: { kind: 'timed-out' as const, missing: context.members.filter(isMissing(context)) },
    })),
    tellRelease: sendParent(({ context, event }) => ({
      type: 'barrier.released',
      repetition: context.repetition,
      pct: context.pct,
      outcome: context.outcome,
      at: event.at,
    })),
  },
}).createMachine({
  id: 'barrier',
  version: String(BARRIER_VERSION),
  context: ({ input: { run, repetition, pct, members, timeoutMs, at } }) => ({
    run,
    repetition,
    pct,
    members,
    arrived: [],
    left: [],
    deadlineAt: at + timeoutMs,
    leftMs: timeoutMs,
    reachedAt: at,
    outcome: null,
  }),
  initial: 'waiting',
  states: {
    waiting: {
      invoke: { src: 'deadline', input: ({ context }) => ({ at: context.deadlineAt }) },
      on: {
        'member.arrived': { actions: 'arrive' },
        'member.left': { actions: 'leave' },
        'member.joined': { actions: 'join' },
        'clock.stop': { target: 'stopped', actions: 'stopClock' },
        'deadline.passed': { target: 'releasing', actions: 'giveUp' },
      },
      always: { guard: 'everybodyIsHere', target: 'releasing', actions: 'decide' },
    },
    stopped: {
      on: {
        'member.arrived': { actions: 'arrive' },
        'member.left': { actions: 'leave' },
        'member.joined': { actions: 'join' },
        'clock.start': { target: 'waiting', actions: 'startClock' },
      },
      always: { guard: 'everybodyIsHere', target: 'releasing', actions: 'decide' },
    },
    releasing: {
      invoke: {
        src: 'release',
        input: ({ context }) => ({
          run: context.run,
          repetition: context.repetition,
          pct: context.pct,
          reachedAt: context.reachedAt,
          outcome: context.outcome!,
        }),
      },
      on: { 'release.stored': { target: 'released', actions: 'tellRelease' } },
    },
    released: { type: 'final' },
  },
})
