import { CommandRefusedError } from '../errors.ts'
import type { Command, RunState } from '../machines/orchestratorState.ts'
import { runStatusOf } from '../machines/orchestratorStep.ts'
import { isFinal } from '../machines/scenarioStep.ts'

const VERBS = { 'run.pause': 'pause', 'run.continue': 'continue', 'run.cancel': 'cancel', 'run.restart': 'restart' } as const

/**
 * Whether a command changes something, or has been obeyed already.
 * @throws {CommandRefusedError} with the present status, where it makes no sense.
 */
export function judge(state: RunState, command: Command): 'apply' | 'already' {
  const { scenario } = command
  const run = state.spec.run
  const member = scenario === undefined ? undefined : state.members[scenario]
  if (scenario !== undefined && !member) {
    throw new CommandRefusedError(`Run "${run}" has no scenario "${scenario}"`, `It has: ${Object.keys(state.members).join(', ')}`)
  }
  const what = member ? `scenario ${scenario} of run "${run}"` : `run "${run}"`
  const status = member?.status ?? runStatusOf(state)
  const pausedBy = member?.pausedBy ?? state.pausedBy
  const refuse = (hint: string): never => {
    throw new CommandRefusedError(`Cannot ${VERBS[command.type]} ${what}: it is ${status}`, hint)
  }
  switch (command.type) {
    case 'run.pause':
      if (isFinal(status)) refuse(`What ended can be restarted: troupe restart ${run} SCENARIO`)
      return pausedBy.includes('user') ? 'already' : 'apply'
    case 'run.continue':
      if (isFinal(status)) refuse(`What ended can be restarted: troupe restart ${run} SCENARIO`)
      if (member && state.pausedBy.includes('user')) refuse(`The whole run is paused: troupe continue ${run}`)
      return member && !pausedBy.includes('user') ? 'already' : 'apply'
    case 'run.cancel':
      if (status === 'complete') refuse(`Its report: troupe report ${run}`)
      return status === 'failed' ? 'already' : 'apply'
    case 'run.restart':
      if (!isFinal(status)) refuse(`Cancel it first: troupe cancel ${run}${scenario ? ` ${scenario}` : ''}`)
      return 'apply'
  }
}
