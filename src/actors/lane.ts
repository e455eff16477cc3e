import { fromCallback, type EventObject } from 'xstate'
import { MemoryLimitError, SkillClosedError, SkillLoadError } from '../errors.ts'
import type { FailReason } from '../machines/scenarioState.ts'
import type { Settled } from '../machines/scenarioRules.ts'
import { attemptBatch } from './attempt.ts'
import type { StageOf } from './stage.ts'

/** One batch for a lane. Flat JSON: it could be a row. */
export interface LaneCall {
  repetition: number
  round: number
  firstRound: number
  batch: number
  from: number
  items: number
}

export interface LaneInput {
  run: string
  scenario: string
  lane: number
  call: LaneCall
}

export type LaneLogic = ReturnType<typeof createLane>

/**
 * Takes batches one after the other through the skill and the store, and says of each `batch.settled` when that is durable
 * (or, with a weaker durability, accepted). Where batches may run ahead, `batch.called` says that the skill is free.
 */
export const createLane = (stageOf: StageOf) =>
  fromCallback<{ type: 'batch.run' } & LaneCall, LaneInput>(({ input, sendBack, receive }) => {
    const stage = stageOf(input)
    const stop = new AbortController()
    const signal = AbortSignal.any([stop.signal, stage.shutdown.signal])
    const tell = (event: EventObject) => {
      if (!stop.signal.aborted) sendBack(event)
    }

    const run = async (call: LaneCall) => {
      stage.inHand++
      try {
        const onCalled = stage.pipelined ? () => tell({ type: 'batch.called', batch: call.batch } as EventObject) : undefined
        const settled: Settled = await attemptBatch(stage, call, signal, onCalled)
        stage.inHand--
        tell({ type: 'batch.settled', ...settled })
      } catch (error) {
        stage.inHand--
        if (signal.aborted || error instanceof SkillClosedError) return
        const reason = reasonOf(error)
        if (reason) tell({ type: 'scenario.broke', reason, at: stage.clock.now() } as EventObject)
        else stage.onFatal(error)
      } finally {
        if (stage.inHand === 0 && !signal.aborted) stage.skill.rest()
      }
    }

    receive((call) => void run(call))
    void run(input.call)
    return () => stop.abort(new DOMException('The scenario has stopped', 'AbortError'))
  })

function reasonOf(error: unknown): FailReason | null {
  if (error instanceof MemoryLimitError) return 'memory'
  return error instanceof SkillLoadError ? 'skill' : null
}
