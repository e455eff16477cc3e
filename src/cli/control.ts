import type { Run, RunView, Troupe } from '../index.ts'
import { inForeground, type ForegroundOptions } from './foreground.ts'
import { jsonDocument, type Output } from './output.ts'
import { secretsOf, summaryLine, summaryOf, withReason, type Summary } from './summary.ts'
import { ensureStored } from './withTroupe.ts'

/** Tells a run, wherever it is, and says what is now true of it. */
export async function tell(troupe: Troupe, id: string, output: Output, command: (run: Run) => Promise<void>, scenario?: string) {
  await command(await troupe.attach(id))
  const summary = summaryOf(await troupe.show(id))
  await output.print(output.json ? jsonDocument(summary) : `${lineFor(summary, scenario)}\n`)
}

function lineFor(summary: Summary, scenario: string | undefined): string {
  const found = summary.scenarios.find(({ variant, name }) => scenario === name || scenario === `${variant}/${name}`)
  return found
    ? `scenario ${scenario} of run ${summary.run} is ${withReason(found.status, found.reason ?? found.pausedBy[0])}`
    : summaryLine(summary)
}

/** Before the command has done anything that cannot be followed by a `resume`. */
async function checkFunctions({ row, plan: { functions } }: RunView, { plan }: ForegroundOptions) {
  const { PlanFunctionsError } = await import('../index.ts')
  if (plan === undefined && functions.length > 0) throw new PlanFunctionsError(row.id, functions)
}

/** Tells a run; where no process has it, it then goes on in this one. @returns The exit code. */
export async function tellAndGoOn(
  options: ForegroundOptions,
  output: Output,
  { id, scenario }: { id: string; scenario?: string },
  command: (run: Run) => Promise<void>,
): Promise<number> {
  await ensureStored(options, id)
  return inForeground(options, output, async (troupe) => {
    const view = await troupe.show(id)
    output.hide(secretsOf(view))
    if (view.held) {
      await tell(troupe, id, output, command, scenario)
      return null
    }
    await checkFunctions(view, options)
    await command(await troupe.attach(id))
    return troupe.resume(id, { plan: options.plan })
  })
}
