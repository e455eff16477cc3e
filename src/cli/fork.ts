import type { Command } from 'commander'
import { handle } from './invocation.ts'
import { jsonDocument } from './output.ts'
import { wholeNumber } from './overrides.ts'
import { withStored } from './withTroupe.ts'
import { troupeCommand } from '../shellCommand.ts'

export function define(command: Command) {
  command
    .requiredOption('--at <sequence>', 'troupe show RUN lists the last ones', wholeNumber)
    .option('--id <id>', 'of the new run')
    .action(
      handle<{ at: number; id?: string }>(async ({ options: { at, id, ...options }, output }, run) =>
        withStored(options, run, async (troupe) => {
          const fork = await troupe.fork(run, { at, id })
          const text = `run ${fork} begins as of event ${at} of ${run}: go on with ${troupeCommand('resume', fork)}\n`
          await output.print(output.json ? jsonDocument({ run: fork, from: run, at }) : text)
        }),
      ),
    )
}
