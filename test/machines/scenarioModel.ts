import { expect } from 'vitest'
import { within } from '../../src/machines/ranges.ts'
import { frontier, isOutstanding, nextBarrier, type Unconfirmed } from '../../src/machines/scenarioRules.ts'
import type { ScenarioSpec, ScenarioState } from '../../src/machines/scenarioState.ts'
import { isFinal, statusOf } from '../../src/machines/scenarioStep.ts'
import type { Call } from './fakeLanes.ts'
import { settledBatch, startScenario, tallyOf, type Scenario } from './scenarioHarness.ts'

interface Row {
  repetition: number
  round: number
  from: number
  items: number
  ok: boolean
}

export type Action =
  | { type: 'advance'; ms: number }
  | { type: 'start' | 'cancel' | 'broke' | 'budget' | 'fetched' | 'recover' | 'ended' }
  | { type: 'pause' | 'continue'; reason: 'user' | 'database' | 'breaker' }
  | { type: 'settle'; which: number; ok: boolean; told: boolean }
  | { type: 'late'; batch: number }
  | { type: 'release'; which: number }
  | { type: 'restart'; fresh: boolean }

/** Ranges that one answer of the store holds, here. */
const MAX_RANGES = 2

/** A scenario, a store made of a list, and what must hold after every event. */
export class ScenarioModel {
  readonly #spec: ScenarioSpec
  readonly #parallel: number
  #scenario: Scenario
  #now = 0
  #rows: Row[] = []
  #liveMs = 0
  #ends = 0
  #claims = 0
  /** What this process has called, and when it was called: nothing else may be settled. */
  #called = new Set<string>()

  constructor(spec: ScenarioSpec, parallel: number) {
    this.#spec = spec
    this.#parallel = parallel
    this.#scenario = startScenario(spec, { parallel })
    this.#scenario.lanes.lingering = true
  }

  get state(): ScenarioState {
    return this.#scenario.state()
  }

  do(action: Action) {
    const before = this.state
    const { calls, messages } = this.#scenario
    const [callsBefore, messagesBefore] = [calls.length, messages.length]
    if (action.type === 'recover') return this.#recover()
    this.#apply(action)
    if (isFinal(statusOf(this.state)) && !isFinal(statusOf(before))) this.#ends++
    this.#claims += messages.slice(messagesBefore).filter((m) => m.type === 'scenario.changed' && m.claim !== null).length
    this.#check(before, calls.slice(callsBefore))
  }

  #apply(action: Action) {
    const scenario = this.#scenario
    const s = this.state
    const at = this.#now
    switch (action.type) {
      case 'recover':
        return
      case 'advance':
        if (s.startedAt !== null && !isFinal(statusOf(s))) this.#liveMs += action.ms
        this.#now += action.ms
        return scenario.clock.increment(action.ms)
      case 'start':
        return scenario.start()
      case 'cancel':
        return scenario.send({ type: 'scenario.cancel', at })
      case 'broke':
        return scenario.send({ type: 'scenario.broke', reason: 'memory', at })
      case 'budget':
        return scenario.send({ type: 'budget.spent', at })
      case 'pause':
        return scenario.pause(action.reason)
      case 'continue':
        return scenario.continue(action.reason)
      case 'settle': {
        const { inFlight } = scenario.lanes
        const call = inFlight[action.which % Math.max(1, inFlight.length)]
        if (!call) return
        this.#rows.push({ repetition: s.repetition, round: s.round, from: call.from, items: call.items, ok: action.ok })
        return scenario.settle(call.batch, { failed: !action.ok, told: action.told })
      }
      case 'ended':
        return s.ending === null ? undefined : scenario.lanes.end()
      case 'late': {
        const [from, to] = [action.batch * s.spec.batchSize, (action.batch + 1) * s.spec.batchSize]
        return within([[from, to]], s.open)
          ? undefined
          : scenario.send({ type: 'batches.settled', tally: tallyOf(settledBatch({ from, items: to - from })), activeMs: 0, at })
      }
      case 'release': {
        const { barriers } = s.spec
        const pct = barriers[action.which % Math.max(1, barriers.length)]
        return pct === undefined ? undefined : scenario.release(pct, s.repetition)
      }
      case 'restart':
        if (!isFinal(statusOf(s))) return
        this.#liveMs = action.fresh ? 0 : this.#liveMs
        return scenario.send({ type: 'scenario.restart', fresh: action.fresh, halvings: 0, at })
      case 'fetched':
        return s.fetching ? scenario.send({ type: 'work.fetched', at, ...this.#unconfirmed(s.more!) }) : undefined
    }
  }

  /** The process dies, and another one goes on. */
  #recover() {
    const before = this.#scenario.stored()
    this.#scenario.stop()
    const context = { ...before, lanes: false, fetching: false, ending: null }
    this.#scenario = startScenario(this.#spec, { parallel: this.#parallel, restored: { value: statusOf(before), context } })
    this.#scenario.lanes.lingering = true
    this.#scenario.clock.set(this.#now)
    this.#called = new Set()
    const at = this.#now
    if (before.startedAt !== null && !isFinal(statusOf(before))) {
      const { repetition, round } = before
      const rows = this.#rows.filter((r) => r.repetition === repetition && r.round === round && isOutstanding(before, r.from))
      const stored = rows.map(({ from, items, ok }) => ({
        ...{ from, items, failed: !ok, processed: items, retries: 0, errors: {} },
        ...{ quality: null, memoryPeakMb: null },
      }))
      this.#scenario.send({
        type: 'batches.recovered',
        stored,
        activeMs: 0,
        unconfirmed: this.#unconfirmed(frontier(before)),
        seenAt: at,
        at,
      })
    }
    const callsBefore = this.#scenario.calls.length
    const recovered = this.state
    expect(callsBefore).toBe(0)
    this.#scenario.send({ type: 'scenario.resume', at })
    if (isFinal(statusOf(this.state)) && !isFinal(statusOf(recovered))) this.#ends++
    else if (isFinal(statusOf(recovered))) this.#claims--
    this.#claims += this.#scenario.messages.filter((m) => m.type === 'scenario.changed' && m.claim !== null).length
    this.#check(recovered, this.#scenario.calls)
  }

  #unconfirmed(from: number): Unconfirmed {
    const { size } = this.#spec
    const rows = this.#counted()
    const ranges: [number, number][] = []
    let confirmed = 0
    for (let item = 0; item < size; item++) {
      if (rows.some((r) => r.ok && r.from <= item && item < r.from + r.items)) confirmed++
      if (item < from || rows.some((r) => r.from <= item && item < r.from + r.items)) continue
      const last = ranges.at(-1)
      if (last?.[1] === item) last[1]++
      else ranges.push([item, item + 1])
    }
    return { ranges: ranges.slice(0, MAX_RANGES), more: ranges[MAX_RANGES]?.[0] ?? null, confirmed }
  }

  /** Settled for the present round: confirmed since the first that counts, or failed in this one. */
  #counted(): Row[] {
    const { repetition, round, firstRound } = this.state
    return this.#rows.filter((r) => r.repetition === repetition && r.round >= firstRound && (r.ok || r.round === round))
  }

  #check(before: ScenarioState, called: readonly Call[]) {
    const s = this.state
    const { size, batchSize } = this.#spec
    const status = statusOf(s)
    expect(this.#scenario.status()).toBe(status)
    expect(this.#claims).toBe(this.#ends)

    for (const r of s.repetitions) {
      expect(r.failed).toBeGreaterThanOrEqual(0)
      expect(r.failed).toBeLessThanOrEqual(r.settled)
      expect(r.settled).toBeLessThanOrEqual(size)
    }
    const parts = [...s.open, ...s.work].sort((a, b) => a[0] - b[0])
    for (const [i, [from, to]] of parts.entries()) {
      expect(from).toBeLessThan(to)
      expect(from).toBeGreaterThanOrEqual(parts[i - 1]?.[1] ?? 0)
      expect(to).toBeLessThanOrEqual(size)
    }

    const sameRound = before.round === s.round
    if (sameRound && before.repetition === s.repetition && !isFinal(status)) expect(frontier(s)).toBeGreaterThanOrEqual(frontier(before))
    if (s.firstRound === before.firstRound) {
      for (const [i, r] of s.repetitions.entries()) {
        expect(r.milestone).toBeGreaterThanOrEqual(before.repetitions[i]!.milestone)
        expect(r.released).toBeGreaterThanOrEqual(before.repetitions[i]!.released)
      }
    }

    if (called.length > 0) expect(status).toBe('running')
    const barrier = nextBarrier(s)
    for (const call of called) {
      expect(call).toMatchObject({ repetition: s.repetition, round: s.round, firstRound: s.firstRound })
      expect(call.from).toBe(call.batch * batchSize)
      if (barrier !== undefined) expect(call.from * 100).toBeLessThan(barrier * size)
      const key = `${call.repetition}/${call.round}/${call.from}`
      expect(this.#called).not.toContain(key)
      this.#called.add(key)
      expect(this.#counted().filter((r) => r.from === call.from)).toEqual([])
    }

    const spent = Object.values(s.spent)
    expect(Math.min(...spent)).toBeGreaterThanOrEqual(0)
    const open = s.startedAt === null || isFinal(status) ? 0 : this.#now - s.since
    expect(spent.reduce((sum, ms) => sum + ms, open)).toBe(this.#liveMs)
  }

  /** Nothing in the way any more: it must come to its end, with every item of every repetition settled once. */
  finish() {
    this.do({ type: 'start' })
    this.do({ type: 'ended' })
    if (statusOf(this.state) === 'failed') this.do({ type: 'restart', fresh: false })
    this.do({ type: 'start' })
    for (const reason of ['user', 'database', 'breaker'] as const) this.do({ type: 'continue', reason })
    for (let turn = 0; !isFinal(statusOf(this.state)); turn++) {
      expect(turn).toBeLessThan(2_000)
      this.do({ type: 'fetched' })
      this.do({ type: 'ended' })
      this.do({ type: 'settle', which: 0, ok: true, told: turn % 3 === 0 || this.#scenario.lanes.inFlight.length === 1 })
      for (const which of this.#spec.barriers.keys()) this.do({ type: 'release', which })
    }
    if (this.state.reason === 'errors') return
    expect(statusOf(this.state)).toBe('complete')
    const { firstRound, repetitions } = this.state
    expect(repetitions.map(({ settled }) => settled)).toEqual(repetitions.map(() => this.#spec.size))
    for (const [i, { settled, failed, milestone }] of repetitions.entries()) {
      const confirmed = this.#rows.filter((r) => r.repetition === i + 1 && r.round >= firstRound && r.ok)
      expect(confirmed.reduce((sum, r) => sum + r.items, 0)).toBe(settled - failed)
      expect(new Set(confirmed.map((r) => r.from)).size).toBe(confirmed.length)
      expect(milestone).toBe(100)
    }
  }
}
