import { CommandRefusedError } from '../errors.ts'
import type { Command, RunState } from '../machines/orchestratorState.ts'
import { runStatusOf } from '../machines/orchestratorStep.ts'
import { isFinal } from '../machines/scenarioStep.ts'
import { troupeCommand } from '../shellCommand.ts'

const VERBS = {
  'run.pause': 'pause',
  'run.continue': 'continue',
  'run.cancel': 'cancel',
  'run.restart': 'restart',
  'breaker.open': 'open a breaker of',
  'breaker.disable': 'disable a breaker of',
  'breaker.reset': 'reset a breaker of',
} as const

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
      if (isFinal(status)) refuse(`What ended can be restarted: ${troupeCommand('restart', run)} SCENARIO`)
      return pausedBy.includes('user') ? 'already' : 'apply'
    case 'run.continue':
      if (isFinal(status)) refuse(`What ended can be restarted: ${troupeCommand('restart', run)} SCENARIO`)
      if (member && state.pausedBy.includes('user')) refuse(`The whole run is paused: ${troupeCommand('continue', run)}`)
      return member && !pausedBy.includes('user') && !pausedBy.includes('breaker') ? 'already' : 'apply'
    case 'run.cancel':
      if (status === 'complete') refuse(`Its report: ${troupeCommand('report', run)}`)
      return status === 'failed' ? 'already' : 'apply'
    case 'run.restart':
      if (!isFinal(status)) refuse(`Cancel it first: ${troupeCommand('cancel', run, ...(scenario === undefined ? [] : [scenario]))}`)
      if (!command.fresh && hasAllResults(state, scenario)) {
        const again = scenario === undefined ? '' : `: ${troupeCommand('restart', run, scenario, '--fresh')}`
        throw new CommandRefusedError(
          `Nothing to try again: every item of ${what} has a result`,
          `--fresh runs all of it anew, and pays for it again${again}`,
        )
      }
      return 'apply'
    case 'breaker.open':
    case 'breaker.disable':
    case 'breaker.reset':
      if (status === 'complete') refuse(`Its report: ${troupeCommand('report', run)}`)
      return judgeBreakers(state, command)
  }
}

/** Of a scenario, or of all: a new round over what has no result would have nothing to do. */
function hasAllResults({ members, claims }: RunState, scenario: string | undefined): boolean {
  const meant = scenario === undefined ? Object.keys(members) : [scenario]
  return meant.every((address) => members[address]?.status === 'complete' && claims[address]?.itemsFailed === 0)
}

/** What a breaker that has obeyed is; a reset is obeyed by closed ones as well: their sums are forgotten. */
const OBEYED = { 'breaker.open': 'forcedOpen', 'breaker.disable': 'disabled', 'breaker.reset': null } as const

function judgeBreakers({ breakers, spec: { run } }: RunState, { type, variant }: Command & { type: keyof typeof OBEYED }) {
  if (variant !== undefined && !breakers[variant]) {
    throw new CommandRefusedError(`Run "${run}" has no variant "${variant}"`, `It has: ${Object.keys(breakers).join(', ')}`)
  }
  const meant = Object.values(breakers).filter((breaker) => variant === undefined || breaker.variant === variant)
  return meant.every(({ status }) => status === OBEYED[type]) ? 'already' : 'apply'
}
