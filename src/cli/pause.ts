import type { Command } from 'commander'
import { tell } from './control.ts'
import { handle } from './invocation.ts'
import { withStored } from './withTroupe.ts'

export function define(command: Command) {
  command.action(
    handle(async ({ options, output }, run, scenario?: string) =>
      withStored(options, run, (troupe) => tell(troupe, run, output, (it) => it.pause(scenario), scenario)),
    ),
  )
}
