import {
  PAUSE_REASONS,
  initialState,
  type Batch,
  type ErrorClass,
  type PauseReason,
  type Repetition,
  type ScenarioState,
} from './scenarioState.ts'

/** One batch whose outcome is stored (or, with a weaker durability, will be). */
export interface Settled {
  batch: number
  items: number
  failed: boolean
  processed: number
  retries: number
  errors: Partial<Record<ErrorClass, number>>
  quality: Record<string, number> | null
  memoryPeakMb: number | null
  /** Active time of the whole scenario up to now: the union over its lanes, ms. */
  activeMs: number
  at: number
}

export const current = (s: ScenarioState): Repetition => s.repetitions[s.repetition - 1]!

/** Items before it are settled, items behind it may not be: what barriers look at. */
export function frontier(s: ScenarioState): number {
  let first = s.work[0]?.[0] ?? s.more ?? s.spec.size
  for (const b of s.open) if (b.from < first) first = b.from
  return first
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
export const mustFetch = (s: ScenarioState) => s.work.length === 0 && s.more !== null

/** Milestones of the present repetition that are reached and not recorded yet, in order. */
export function reachedMilestones(s: ScenarioState): number[] {
  const { milestone, settled } = current(s)
  return s.spec.milestones.filter((pct) => pct > milestone && settled * 100 >= pct * s.spec.size)
}

/** The batch that may start now, cut from the work that is left; `null` when a barrier, a lane or the tolerance says wait. */
export function nextBatch(s: ScenarioState): Batch | null {
  const range = s.work[0]
  if (!range || tooManyFailed(s)) return null
  const { parallel, window } = s.spec
  if (s.open.length >= parallel + window) return null
  if (window > 0 && s.open.reduce((n, b) => n + (b.called ? 0 : 1), 0) >= parallel) return null
  const barrier = nextBarrier(s)
  if (barrier !== undefined && range[0] * 100 >= barrier * s.spec.size) return null
  const batch = Math.floor(range[0] / s.spec.batchSize)
  return { batch, from: range[0], items: Math.min((batch + 1) * s.spec.batchSize, range[1]) - range[0] }
}

export function take(s: ScenarioState, batch: Batch, lane: number): Partial<ScenarioState> {
  const [first, ...rest] = s.work as [[number, number], ...[number, number][]]
  const from = batch.from + batch.items
  return {
    work: from < first[1] ? [[from, first[1]], ...rest] : rest,
    open: [...s.open, { ...batch, lane }],
  }
}

export function freeLane(s: ScenarioState): number {
  let lane = 0
  while (s.open.some((b) => b.lane === lane && !b.called)) lane++
  return lane
}

export function settle(s: ScenarioState, e: Settled): Partial<ScenarioState> {
  if (!s.open.some((b) => b.batch === e.batch)) return {}
  return { ...count(s, [e]), open: s.open.filter((b) => b.batch !== e.batch), activeMs: e.activeMs }
}

/** Counts what was settled; the same for one batch as it comes and for many that a restore finds. */
function count(s: ScenarioState, settled: readonly Settled[]) {
  const now = { ...current(s) }
  const errors = { ...s.errors }
  const quality = { ...s.quality }
  let { retries, processed, memoryPeakMb } = s
  for (const e of settled) {
    now.settled += e.items
    if (e.failed) now.failed += e.items
    retries += e.retries
    processed += e.processed
    if (e.memoryPeakMb !== null) memoryPeakMb = Math.max(memoryPeakMb ?? 0, e.memoryPeakMb)
    for (const name in e.errors) errors[name as ErrorClass] += e.errors[name as ErrorClass] ?? 0
    for (const metric in e.quality) {
      const before = quality[metric]
      quality[metric] = { sum: (before?.sum ?? 0) + e.quality[metric]! * e.items, items: (before?.items ?? 0) + e.items }
    }
  }
  const repetitions = s.repetitions.length === 1 ? [now] : s.repetitions.map((r, i) => (i === s.repetition - 1 ? now : r))
  return { repetitions, errors, quality, retries, processed, memoryPeakMb, batches: s.batches + settled.length }
}

/** What the store says of a repetition: the next ranges not settled in this round, and how many items are confirmed. */
export interface Unconfirmed {
  ranges: [from: number, to: number][]
  /** Further ranges lie behind this item; `null`: these are all. */
  more: number | null
  confirmed: number
}

/** What a restore finds behind a snapshot. */
export interface Recovered {
  /** The stored batches of the snapshot's repetition and round; those it counts already are passed over. */
  stored: (Settled & { from: number })[]
  /** Active time of the batches behind the snapshot: the union over lanes, ms. */
  activeMs: number
  unconfirmed: Unconfirmed
  /** The last sign of life of the owner before, and now: between them nobody owned the run. */
  seenAt: number
  at: number
}

/** Folds stored batches into a snapshot. No lane of the process before is alive: what was in flight is work again. */
export function recover(s: ScenarioState, e: Recovered): ScenarioState {
  const unknown = e.stored.filter((b) => isOutstanding(s, b.from))
  const { ranges, more, confirmed } = e.unconfirmed
  const next = { ...s, ...count(s, unknown), open: [], lanes: 0, fetching: false, work: ranges, more }
  // Rounds before may have stored what nobody counted: the store knows better what is confirmed.
  const repetitions = withCurrent(next, ({ failed }) => ({ settled: confirmed + failed }))
  return { ...next, repetitions, activeMs: s.activeMs + e.activeMs, ...interrupted(next, e) }
}

/** Whether the item was not settled when this state was taken. */
export const isOutstanding = (s: Pick<ScenarioState, 'open' | 'work' | 'more'>, item: number) =>
  s.open.some((b) => b.from === item) || s.work.some(([from, to]) => from <= item && item < to) || (s.more !== null && item >= s.more)

/** Time without an owner is charged to `interrupted` and to nothing else. */
function interrupted(s: ScenarioState, { seenAt, at }: { seenAt: number; at: number }): Partial<ScenarioState> {
  if (s.startedAt === null || s.done || s.reason !== null) return {}
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
    ...(s.round > s.firstRound ? { work: [], more: 0 } : { work: [[0, s.spec.size]], more: null }),
    origin: { elapsedMs: elapsedMs(s, at), activeMs: s.activeMs },
  }
}

/** A new round over what is not confirmed, from the first repetition on; `fresh` gives up what is. It is pending: the orchestrator knows when it may start. */
export function newRound(s: ScenarioState, fresh: boolean): ScenarioState {
  const round = s.round + 1
  if (fresh) return { ...initialState(s.spec), round, firstRound: round }
  const repetitions = s.repetitions.map((r) => ({ ...r, settled: r.settled - r.failed, failed: 0 }))
  return { ...s, startedAt: null, round, repetition: 1, repetitions, work: [], more: 0, open: [], pausedBy: [], reason: null, done: false }
}

export function fetched(s: ScenarioState, { ranges, more, confirmed }: Unconfirmed): Partial<ScenarioState> {
  if (s.more !== 0) return { work: ranges, more }
  return { work: ranges, more, repetitions: withCurrent(s, () => ({ settled: confirmed, failed: 0 })) }
}

const withCurrent = (s: ScenarioState, change: (r: Repetition) => Partial<Repetition>): Repetition[] =>
  s.repetitions.map((r, i) => (i === s.repetition - 1 ? { ...r, ...change(r) } : r))

export const progressPct = (s: ScenarioState) =>
  (100 * s.repetitions.reduce((sum, r) => sum + r.settled, 0)) / (s.spec.size * s.spec.repetitions)
