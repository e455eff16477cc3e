import { createBudget } from '../actors/budget.ts'
import { createDeadline } from '../actors/deadline.ts'
import { createGate } from '../actors/gate.ts'
import { createLanes } from '../actors/lanes.ts'
import { createRelease } from '../actors/release.ts'
import type { StageOf } from '../actors/stage.ts'
import { createUnconfirmed } from '../actors/unconfirmed.ts'
import type { Clock } from '../clock.ts'
import { barrierMachine } from '../machines/barrier.ts'
import { breakerMachine } from '../machines/breaker.ts'
import { orchestratorMachine } from '../machines/orchestrator.ts'
import { scenarioMachine } from '../machines/scenario.ts'
import type { RunHost } from './runHost.ts'

/**
 * The machines with their actors. One cast for all runs of a process: to provide a machine is to parse it again, and a run's actors find what is
 * theirs by its id.
 */
export function cast(clock: Clock, hostOf: (run: string) => RunHost): typeof orchestratorMachine {
  const stageOf: StageOf = ({ run, scenario }) => hostOf(run).stageOf(scenario)
  const onError = (run: string, error: unknown) => hostOf(run).fail(error)
  return orchestratorMachine.provide({
    actors: {
      scenario: scenarioMachine.provide({
        actors: {
          lanes: createLanes(stageOf),
          budget: createBudget(clock, stageOf),
          unconfirmed: createUnconfirmed(clock, (input) => hostOf(input.run).unconfirmed(input), onError),
        },
      }),
      breaker: breakerMachine.provide({
        actors: { gate: createGate(({ run, variant }) => hostOf(run).gateOf(variant)), deadline: createDeadline(clock) },
      }),
      barrier: barrierMachine.provide({
        actors: {
          deadline: createDeadline(clock),
          release: createRelease(clock, (release) => hostOf(release.run).release(release), onError),
        },
      }),
    },
  })
}
