import type { Command } from 'commander'
import { tellAndGoOn } from './control.ts'
import type { ForegroundOptions } from './foreground.ts'
import { handle } from './invocation.ts'
import { addForeground } from './resume.ts'

export function define(command: Command) {
  addForeground(command).action(
    handle<ForegroundOptions>(({ options, output }, id, scenario?: string) =>
      tellAndGoOn(options, output, { id, scenario }, (run) => run.continue(scenario)),
    ),
  )
}
