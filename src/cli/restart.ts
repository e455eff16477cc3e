import type { Command } from 'commander'
import { tellAndGoOn } from './control.ts'
import type { ForegroundOptions } from './foreground.ts'
import { handle } from './invocation.ts'
import { addForeground } from './resume.ts'

interface RestartOptions extends ForegroundOptions {
  fresh?: boolean
}

export function define(command: Command) {
  addForeground(command)
    .option('--fresh', 'from nothing: confirmed items are run, and paid for, again')
    .action(
      handle<RestartOptions>(({ options, output }, id, scenario) => {
        const { fresh } = options
        return tellAndGoOn(options, output, { id, scenario }, (run) => run.restart(scenario, { fresh }))
      }),
    )
}
