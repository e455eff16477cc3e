import type { BatchInHand, Stage } from '../actors/stage.ts'
import type { Breaker } from '../machines/breakerState.ts'
import { current, elapsedMs } from '../machines/scenarioRules.ts'
import type { ScenarioState, Status } from '../machines/scenarioState.ts'
import { statusOf } from '../machines/scenarioStep.ts'

/** A run at a moment, as the process that runs it knows it: nothing is read for it. Instants in epoch ms. */
export interface RunProgress {
  at: number
  scenarios: ScenarioProgress[]
  breakers: BreakerProgress[]
}

export interface ScenarioProgress {
  variant: string
  name: string
  status: Status
  repetition: number
  /** Items of the repetition that have their outcome, those included that failed for good. */
  settled: number
  failed: number
  /** Of the repetition, without the time in which nobody owned the run. */
  elapsedMs: number
  /** Those at work, the oldest first. */
  batches: Readonly<BatchInHand>[]
}

export interface BreakerProgress extends Pick<Breaker, 'status' | 'probeAt'> {
  variant: string
}

export function progressOf(
  at: number,
  scenarios: Record<string, ScenarioState>,
  stages: ReadonlyMap<string, Pick<Stage, 'batches'>>,
  breakers: Record<string, Breaker>,
): RunProgress {
  return {
    at,
    scenarios: Object.entries(scenarios).map(([address, s]) => {
      const { variant, name } = s.spec
      const { settled, failed } = current(s)
      const batches = [...(stages.get(address)?.batches ?? [])].map((batch) => ({ ...batch })).toSorted((a, b) => a.since - b.since)
      return {
        ...{ variant, name, status: statusOf(s), repetition: s.repetition, settled, failed },
        elapsedMs: elapsedMs(s, at) - s.origin.elapsedMs,
        batches,
      }
    }),
    breakers: Object.values(breakers).map(({ spec, status, probeAt }) => ({ variant: spec.variant, status, probeAt })),
  }
}
