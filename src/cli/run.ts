import { InvalidArgumentError, Option, type Command } from 'commander'
import type { PlanOverrides } from '../index.ts'
import { inForeground, type ForegroundOptions } from './foreground.ts'
import { handle } from './invocation.ts'
import { addOverrides, overridesIn } from './overrides.ts'
import { during } from '../waiting.ts'
import { isAbsent } from './withTroupe.ts'

interface RunOptions extends ForegroundOptions, PlanOverrides {
  id?: string
  new?: boolean
  retryFailed?: boolean
  bail?: boolean
}

export function define(command: Command) {
  addOverrides(command)
    .option('--id <id>', 'that run: new, going on, or ended, with its report again')
    .addOption(new Option('--new', 'a new run, even if one like it has not ended').conflicts(['id', 'retryFailed']))
    .option('--retry-failed', 'try again what an ended run did not confirm')
    .option('--bail', 'the first item that fails for good ends the run')
    .option('--memory', 'without any database: nothing is stored')
    .option('--events', 'every event as one JSON line on standard output; a text report goes to standard error then')
    .option('--report <file>', 'write the report: JSON if it ends in .json, else text; repeatable', collect)
    .addOption(new Option('--format <format>', 'of the report on standard output').choices(['text', 'json']))
    .action(
      handle<RunOptions>(async ({ options, output }, file) => {
        const { isRunId, loadPlan, NothingToRetryError, RunIdError } = await import('../index.ts')
        const { id, retryFailed, bail } = options
        // All this before a database is made or started for it.
        const loaded = await during(
          output.wait,
          () => `loading ${file}`,
          () => loadPlan(file, overridesIn(options)),
        )
        if ((retryFailed || (id !== undefined && !isRunId(id))) && (options.memory || (await isAbsent(options)))) {
          throw retryFailed ? new NothingToRetryError(NO_RUNS, null, file, []) : new RunIdError(id)
        }
        output.hide(loaded.plan.secrets)
        return inForeground(options, output, (troupe) => troupe.start(loaded, { id, retryFailed, bail, forceNew: options.new }))
      }),
    )
}

const NO_RUNS = 'There are no runs here, so there are no failed items to try again'

function collect(file: string, files: string[] = []): string[] {
  if (file === '') throw new InvalidArgumentError('Expected the name of a file.')
  return [...files, file]
}
