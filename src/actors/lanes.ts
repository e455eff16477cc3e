import { fromCallback, type EventObject } from 'xstate'
import { MemoryLimitError, SkillClosedError, SkillLoadError } from '../errors.ts'
import type { Cut, LanesOrder } from '../machines/scenarioMessages.ts'
import type { FailReason, Range } from '../machines/scenarioState.ts'
import { count, countErrors, countMemory, emptyTally } from '../machines/tally.ts'
import { attemptBatch, type Attempts, type BatchCall } from './attempt.ts'
import { storeBroken } from './outcome.ts'
import type { BatchInHand, Stage, StageOf } from './stage.ts'

export type LanesLogic = ReturnType<typeof createLanes>

/**
 * The lanes of one scenario: they cut the ranges that they are given into batches and take each through the skill and the store, `parallel` at a
 * time. What is settled is summed up and told (`batches.settled`) at the next milestone, at a failure, when nothing is left in hand, or soon.
 */
export const createLanes = (stageOf: StageOf) =>
  fromCallback<LanesOrder, { run: string; scenario: string }>(({ input, sendBack, receive }) => {
    const lanes = new Lanes(stageOf(input), sendBack)
    receive((order) => lanes.obey(order))
    return () => lanes.stop()
  })

/** Whoever looks at a scenario does not see it stand still for longer, ms. */
const TELL_WITHIN_MS = 250

class Lanes {
  readonly #stage: Stage
  readonly #sendBack: (event: EventObject) => void
  readonly #abort = new AbortController()
  readonly #signal: AbortSignal
  #round = { repetition: 1, round: 0, firstRound: 0 }
  #work: Range[] = []
  #inSkill = 0
  #mode: 'working' | 'holding' | 'ending' | 'stopped' = 'working'
  #tally = emptyTally()
  #tellAfter = 0
  #cut: Cut = { batchSize: 1, uneven: false, alone: false }
  #telling: unknown

  constructor(stage: Stage, sendBack: (event: EventObject) => void) {
    this.#stage = stage
    this.#sendBack = sendBack
    this.#signal = AbortSignal.any([this.#abort.signal, stage.shutdown.signal])
    stage.tell = () => this.#tell()
  }

  obey(order: LanesOrder) {
    switch (order.type) {
      case 'lanes.work': {
        const { repetition, round, firstRound, ranges, tellAfter, cut } = order
        this.#round = { repetition, round, firstRound }
        this.#work.push(...ranges.map(([from, to]): Range => [from, to]))
        this.#tellAfter = tellAfter
        this.#cut = cut
        this.#mode = 'working'
        this.#stage.mayProbe = true
        this.#stage.gate.wake()
        // Write-ahead: a turn later the recorder has handed over what made this possible, and the ledger knows what to wait for.
        queueMicrotask(() => this.#fill())
        return
      }
      case 'lanes.hold':
        this.#mode = 'holding'
        this.#stage.mayProbe = false
        return this.#rest()
      case 'lanes.end':
        this.#mode = 'ending'
        this.#abort.abort(stopped())
        return this.#rest()
    }
  }

  stop() {
    this.#mode = 'stopped'
    this.#stage.clock.clearTimeout(this.#telling)
    if (this.#stage.inHand > 0) this.#abort.abort(stopped())
  }

  /** With a window the next batch may begin while the ones before are being stored. */
  #fill() {
    const { window } = this.#stage
    const parallel = this.#cut.alone ? 1 : this.#stage.parallel
    while (this.#mode === 'working' && !this.#signal.aborted && this.#inSkill < parallel && this.#stage.inHand < parallel + window) {
      const call = this.#next()
      if (!call) return
      void this.#run(call)
    }
  }

  #next(): BatchCall | null {
    const range = this.#work[0]
    if (!range) return null
    const [from, to] = range
    const { batchSize, uneven, alone } = this.#cut
    const cell = Math.floor(from / batchSize)
    const end = Math.min((cell + 1) * batchSize, to)
    if (end < to) range[0] = end
    else this.#work.shift()
    return { ...this.#round, batch: uneven ? from : cell, from, items: end - from, alone }
  }

  async #run(call: BatchCall) {
    const stage = this.#stage
    let isInSkill = true
    const leaveSkill = () => {
      if (isInSkill) this.#inSkill--
      isInSkill = false
    }
    const onCalled = () => {
      leaveSkill()
      this.#fill()
    }
    const inHand: BatchInHand = { batch: call.batch, since: stage.clock.now(), waitsUntil: null }
    const onWait = (until: number) => (inHand.waitsUntil = until)
    const errors: Attempts['errors'] = {}
    stage.batches.add(inHand)
    stage.inHand++
    this.#inSkill++
    try {
      const settled = await attemptBatch(stage, call, this.#signal, { errors, onWait, ...(stage.window > 0 && { onCalled }) })
      count(this.#tally, settled)
      stage.batches.delete(inHand)
      stage.inHand--
      leaveSkill()
      if (settled.failed || this.#tally.items >= this.#tellAfter) this.#tell()
      else this.#telling ??= stage.clock.setTimeout(() => this.#tell(), TELL_WITHIN_MS)
    } catch (error) {
      stage.batches.delete(inHand)
      stage.inHand--
      leaveSkill()
      // Nothing comes of the batch now, but its attempts did fail.
      countErrors(this.#tally, errors)
      if (!this.#signal.aborted && !(error instanceof SkillClosedError)) this.#fail(error, call)
    }
    this.#fill()
    this.#rest()
  }

  #fail(error: unknown, call: BatchCall) {
    const reason = reasonOf(error)
    if (!reason) return this.#stage.onFatal(error)
    if (error instanceof MemoryLimitError) countMemory(this.#tally, error.residentMb ?? error.heapMb)
    storeBroken(this.#stage, call, error)
    this.#tell()
    this.#send({ type: 'scenario.broke', reason, at: this.#stage.clock.now() })
  }

  /** With nothing in hand all is told, and the skill may rest, unless what was told brought new work. */
  #rest() {
    if (this.#stage.inHand > 0) return
    this.#tell()
    this.#fill()
    if (this.#stage.inHand > 0) return
    if (this.#mode === 'ending') this.#send({ type: 'lanes.ended', at: this.#stage.clock.now() })
    if (!this.#stage.shutdown.signal.aborted) this.#stage.skill.rest()
  }

  #tell() {
    const tally = this.#tally
    if (tally.batches === 0 && Object.keys(tally.errors).length === 0 && tally.memoryPeakMb === null) return
    this.#tally = emptyTally()
    this.#stage.clock.clearTimeout(this.#telling)
    this.#telling = undefined
    this.#send({ type: 'batches.settled', tally, activeMs: this.#stage.activity.spentMs, at: this.#stage.clock.now() })
  }

  #send(event: EventObject & Record<string, unknown>) {
    if (this.#mode !== 'stopped') this.#sendBack(event)
  }
}

const stopped = () => new DOMException('The scenario has stopped', 'AbortError')

function reasonOf(error: unknown): FailReason | null {
  if (error instanceof MemoryLimitError) return 'memory'
  return error instanceof SkillLoadError ? 'skill' : null
}
