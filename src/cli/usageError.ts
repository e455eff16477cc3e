import type { CommanderError } from 'commander'
import { UsageError } from '../errors.ts'
import { commands } from './commands.ts'

/** @throws {UsageError} if the directory in which the command runs was deleted: no path can be told then. */
export function checkWorkingDirectory() {
  try {
    process.cwd()
  } catch {
    throw new UsageError('The working directory is not there any more', 'Change into a directory that is, and run the command again')
  }
}

/** What commander says of a command line, in our words: what is wrong in one line, what may be meant in the other. */
export function usageErrorOf({ code, message }: CommanderError, args: readonly string[]): UsageError {
  const name = commands.find((command) => args.includes(command.name))?.name
  const help = `troupe ${name ? `${name} ` : ''}--help`
  if (code === 'commander.help') return new UsageError(`troupe ${name ?? ''} needs one of its commands`, `See them with: ${help}`)
  const [first = '', ...rest] = message.replace(/^error: /, '').split('\n')
  const suggestion = /^\(Did you mean (.*)\?\)$/.exec(rest.join(' ').trim())?.[1]
  const said = first.replace(/\.$/, '')
  return new UsageError(said, suggestion ? `Did you mean ${suggestion}? All there is: ${help}` : `See what there is: ${help}`)
}
