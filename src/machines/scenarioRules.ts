import { union, within, without } from './ranges.ts'
import {
  PAUSE_REASONS,
  initialState,
  type ErrorClass,
  type FailReason,
  type PauseReason,
  type Range,
  type Repetition,
  type ScenarioState,
} from './scenarioState.ts'
import type { Cut } from './scenarioMessages.ts'
import { count, emptyTally, type Settled, type Tally } from './tally.ts'

export const current = (s: ScenarioState): Repetition => s.repetitions[s.repetition - 1]!

/** Items before it are settled, items behind it may not be: what barriers look at. */
export const frontier = (s: ScenarioState): number => Math.min(s.work[0]?.[0] ?? s.more ?? s.spec.size, s.open[0]?.[0] ?? s.spec.size)

/** The least number of items that are `pct` % of all. */
export function itemsOf(pct: number, size: number): number {
  let items = Math.ceil((pct * size) / 100)
  while (items * 100 < pct * size) items++
  while (items > 0 && (items - 1) * 100 >= pct * size) items--
  return items
}

export const nextBarrier = (s: ScenarioState): number | undefined => s.spec.barriers.find((pct) => pct > current(s).released)

/** The barrier whose share of items is settled, all of it, and which nobody has released yet. */
export function arrivedAt(s: ScenarioState): number | null {
  const pct = nextBarrier(s)
  return pct !== undefined && frontier(s) * 100 >= pct * s.spec.size ? pct : null
}

/** A share that is exact in decimals (0.29 of 100) may be a little less in floating point: no item is that small. */
const ROUNDING = 1e-9
export const tooManyFailed = (s: ScenarioState) => current(s).failed > s.spec.errorTolerance * s.spec.size + ROUNDING * s.spec.size
export const repetitionSettled = (s: ScenarioState) => s.open.length === 0 && s.work.length === 0 && s.more === null

/** While lanes have as many pieces as that, further ones are not asked for: a snapshot must stay small. */
const MANY_PIECES = 16
export const mustFetch = (s: ScenarioState) => s.work.length === 0 && s.more !== null && s.open.length < MANY_PIECES

/** Milestones of the present repetition that are reached and not recorded yet, in order. */
export function reachedMilestones(s: ScenarioState): number[] {
  const { milestone, settled } = current(s)
  return s.spec.milestones.filter((pct) => pct > milestone && settled * 100 >= pct * s.spec.size)
}

/** How many items more make the next milestone. */
export function untilMilestone(s: ScenarioState): number {
  const { milestone, settled } = current(s)
  const next = s.spec.milestones.find((pct) => pct > milestone)
  return Math.max(1, next === undefined ? s.spec.size : itemsOf(next, s.spec.size) - settled)
}

export const cutOf = ({ spec, halvings, uneven }: ScenarioState): Cut => ({
  batchSize: Math.ceil(spec.batchSize / 2 ** halvings),
  uneven,
  alone: halvings > 0,
})

/** What may be handed to the lanes now, of what is left: batches that begin before the next barrier. They are never cut. */
export function handOut(s: ScenarioState): { ranges: Range[]; work: Range[] } {
  const barrier = nextBarrier(s)
  if (barrier === undefined) return { ranges: s.work, work: [] }
  const { size } = s.spec
  const { batchSize } = cutOf(s)
  const firstBehind = itemsOf(barrier, size)
  const end = Math.ceil(firstBehind / batchSize) * batchSize
  const ranges = s.work.filter(([from]) => from < firstBehind).map(([from, to]): Range => [from, Math.min(to, end)])
  return { ranges, work: without(s.work, ranges) }
}

export const take = (s: ScenarioState, { ranges, work }: { ranges: Range[]; work: Range[] }): Partial<ScenarioState> => ({
  work,
  open: union(s.open, ranges),
  lanes: s.lanes || ranges.length > 0,
})

/** What lanes say to be settled and never had, or have said before, counts for nothing. */
export function settle(s: ScenarioState, { tally, activeMs }: { tally: Tally; activeMs: number }): Partial<ScenarioState> {
  if (!within(tally.done, s.open)) return {}
  return { ...add(s, tally), open: without(s.open, tally.done), activeMs }
}

/** Why it fails, as soon as it can: what lanes have in hand they let go of first, and count what is stored. */
export const end = (s: ScenarioState, reason: FailReason): Partial<ScenarioState> => {
  if (s.ending !== null) return {}
  return s.open.length === 0 ? { reason } : { ending: reason }
}

function add(s: ScenarioState, tally: Tally): Partial<ScenarioState> {
  const quality = { ...s.quality }
  for (const metric in tally.quality) {
    const { sum, items } = tally.quality[metric]!
    const before = quality[metric]
    quality[metric] = { sum: (before?.sum ?? 0) + sum, items: (before?.items ?? 0) + items }
  }
  const errors = { ...s.errors }
  for (const name in tally.errors) errors[name as ErrorClass] += tally.errors[name as ErrorClass]!
  return {
    repetitions: withCurrent(s, ({ settled, failed }) => ({ settled: settled + tally.items, failed: failed + tally.failed })),
    errors,
    quality,
    batches: s.batches + tally.batches,
    split: s.split || tally.split === true,
    retries: s.retries + tally.retries,
    processed: s.processed + tally.processed,
    memoryPeakMb: tally.memoryPeakMb === null ? s.memoryPeakMb : Math.max(s.memoryPeakMb ?? 0, tally.memoryPeakMb),
  }
}

/** What the store says of a repetition: the next ranges not settled in this round, and how many items are confirmed. */
export interface Unconfirmed {
  ranges: Range[]
  /** Further ranges lie behind this item; `null`: these are all. */
  more: number | null
  confirmed: number
}

/** What a restore finds behind a snapshot. */
export interface Recovered {
  /** The stored batches of the snapshot's repetition and round; those it counts already are passed over. */
  stored: Settled[]
  /** Active time of the batches behind the snapshot: the union over lanes, ms. */
  activeMs: number
  unconfirmed: Unconfirmed
  /** The last sign of life of the owner before, and now: between them nobody owned the run. */
  seenAt: number
  at: number
}

/** Folds stored batches into a snapshot. No lane of the process before is alive: what was in flight is work again. */
export function recover(s: ScenarioState, e: Recovered): ScenarioState {
  const unknown = emptyTally()
  for (const settled of e.stored) if (isOutstanding(s, settled.from)) count(unknown, settled)
  const { ranges, more, confirmed } = e.unconfirmed
  const next = { ...s, ...add(s, unknown), open: [], lanes: false, fetching: false, asks: true, ending: null, work: ranges, more }
  // Rounds before may have stored what nobody counted: the store knows better what is confirmed.
  const repetitions = withCurrent(next, ({ failed }) => ({ settled: confirmed + failed }))
  return { ...next, repetitions, activeMs: s.activeMs + e.activeMs, ...interrupted(next, e) }
}

/** Whether the item was not settled when this state was taken. */
export const isOutstanding = (s: Pick<ScenarioState, 'open' | 'work' | 'more'>, item: number) =>
  [...s.open, ...s.work].some(([from, to]) => from <= item && item < to) || (s.more !== null && item >= s.more)

/** Time without an owner is charged to `interrupted` and to nothing else. What has happened since is known already. */
export function interrupted(s: ScenarioState, { seenAt, at }: { seenAt: number; at: number }): Partial<ScenarioState> {
  if (s.startedAt === null || s.done || s.reason !== null || s.since > at) return {}
  const until = Math.min(Math.max(seenAt, s.since), at)
  const charged = charge(s, until)
  return { since: at, spent: { ...charged.spent, interrupted: charged.spent.interrupted + (at - until) } }
}

export function charge(s: ScenarioState, at: number): Pick<ScenarioState, 'since' | 'spent'> {
  if (s.startedAt === null) return { since: at, spent: s.spent }
  const to = PAUSE_REASONS.find((reason) => s.pausedBy.includes(reason)) ?? 'running'
  return { since: at, spent: { ...s.spent, [to]: s.spent[to] + Math.max(0, at - s.since) } }
}

/** Wall time from the start to `at`, without the time in which nobody owned the run, ms. */
export function elapsedMs(s: ScenarioState, at: number): number {
  const { running, user, database, breaker, barrier } = s.spent
  const open = s.startedAt === null || s.done || s.reason !== null ? 0 : Math.max(0, at - s.since)
  return running + user + database + breaker + barrier + open
}

export function pause(s: ScenarioState, reason: PauseReason, at: number): Partial<ScenarioState> {
  if (s.pausedBy.includes(reason)) return {}
  return { ...charge(s, at), pausedBy: PAUSE_REASONS.filter((r) => r === reason || s.pausedBy.includes(r)) }
}

export function unpause(s: ScenarioState, reason: PauseReason, at: number): Partial<ScenarioState> {
  if (!s.pausedBy.includes(reason)) return {}
  return { ...charge(s, at), pausedBy: s.pausedBy.filter((r) => r !== reason) }
}

export function release(s: ScenarioState, repetition: number, pct: number): Partial<ScenarioState> {
  return { repetitions: s.repetitions.map((r, i) => (i === repetition - 1 ? { ...r, released: Math.max(r.released, pct) } : r)) }
}

export function nextRepetition(s: ScenarioState, at: number): Partial<ScenarioState> {
  const repetition = s.repetition + 1
  return {
    repetition,
    ...(s.asks ? { work: [], more: 0 } : { work: [[0, s.spec.size]], more: null }),
    origin: { elapsedMs: elapsedMs(s, at), activeMs: s.activeMs },
  }
}

/** A new round over what is not confirmed, from the first repetition on; `fresh` gives up what is. It is pending: the orchestrator knows when it may start. */
export function newRound(s: ScenarioState, fresh: boolean, halvings: number): ScenarioState {
  const round = s.round + 1
  if (fresh) return { ...initialState(s.spec), round, firstRound: round }
  const repetitions = s.repetitions.map((r) => ({ ...r, settled: r.settled - r.failed, failed: 0 }))
  return {
    ...s,
    startedAt: null,
    round,
    halvings,
    uneven: s.uneven || s.split || halvings > 0,
    split: false,
    activeBeforeMs: s.activeMs,
    repetition: 1,
    repetitions,
    work: [],
    more: 0,
    asks: true,
    open: [],
    pausedBy: [],
    reason: null,
    done: false,
  }
}

export function fetched(s: ScenarioState, { ranges, more, confirmed }: Unconfirmed): Partial<ScenarioState> {
  if (s.more !== 0) return { work: ranges, more }
  return { work: ranges, more, repetitions: withCurrent(s, () => ({ settled: confirmed, failed: 0 })) }
}

const withCurrent = (s: ScenarioState, change: (r: Repetition) => Partial<Repetition>): Repetition[] =>
  s.repetitions.map((r, i) => (i === s.repetition - 1 ? { ...r, ...change(r) } : r))

export const progressPct = (s: ScenarioState) =>
  (100 * s.repetitions.reduce((sum, r) => sum + r.settled, 0)) / (s.spec.size * s.spec.repetitions)
