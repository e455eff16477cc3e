import type { Command, CommanderError } from 'commander'
import { UsageError } from '../errors.ts'

/** @throws {UsageError} if the directory in which the command runs was deleted: no path can be told then. */
export function checkWorkingDirectory() {
  try {
    process.cwd()
  } catch {
    throw new UsageError('The working directory is not there any more', 'Change into a directory that is, and run the command again')
  }
}

/** What commander says of a command line, in our words: what is wrong in one line, what may be meant in the other. */
export function usageErrorOf({ code, message }: CommanderError, args: readonly string[], program: Command): UsageError {
  const path = pathOf(program, args)
  const help = [...path, '--help'].join(' ')
  if (code === 'commander.help') return new UsageError(`${path.join(' ')} needs one of its commands`, `See them with: ${help}`)
  const [first = '', ...rest] = message.replace(/^error: /, '').split('\n')
  const suggestion = /^\(Did you mean (.*)\?\)$/.exec(rest.join(' ').trim())?.[1]
  const said = first.replace(/\.$/, '')
  return new UsageError(said, suggestion ? `Did you mean ${suggestion}? All there is: ${help}` : `See what there is: ${help}`)
}

/** The names of the command that is meant, as far as there is one: `troupe db prune`. */
function pathOf(program: Command, args: readonly string[]): string[] {
  const path = [program.name()]
  let command = program
  for (let at = 0; at < args.length; at++) {
    const option = [...command.options, ...program.options].find(({ long, short }) => args[at] === long || args[at] === short)
    if (option?.required) at++
    const next = command.commands.find((sub) => sub.name() === args[at])
    if (option || !next) continue
    path.push(next.name())
    command = next
  }
  return path
}
