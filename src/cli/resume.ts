import { Option, type Command } from 'commander'
import { inForeground, type ForegroundOptions } from './foreground.ts'
import { handle } from './invocation.ts'
import { secretsOf } from './summary.ts'
import { ensureStored } from './withTroupe.ts'

export function define(command: Command) {
  addForeground(command)
    .option('--retry-failed', 'try again what an ended run did not confirm')
    .option('--bail', 'the first item that fails for good ends the run')
    .action(
      handle<ForegroundOptions & { bail?: boolean; retryFailed?: boolean }>(async ({ options, output }, run) => {
        await ensureStored(options, run)
        return inForeground(options, output, async (troupe) => {
          output.hide(secretsOf(await troupe.show(run)))
          return troupe.resume(run, { plan: options.plan, bail: options.bail, retryFailed: options.retryFailed })
        })
      }),
    )
}

/** Options of the commands that run a stored run in this process. */
export const addForeground = (command: Command): Command =>
  command
    .option('--plan <file>', 'the plan again: needed where it holds functions')
    .option('--events', 'every event as one JSON line on standard output; a text report goes to standard error then')
    .addOption(new Option('--format <format>', 'of the report on standard output').choices(['text', 'json']))
