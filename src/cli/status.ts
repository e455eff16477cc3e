import type { Command } from 'commander'
import type { RunView, Troupe } from '../index.ts'
import { breakerLine, breakersOf, isWorthALine } from './breakerLine.ts'
import { breakSilence, heartbeat } from './heartbeat.ts'
import { handle } from './invocation.ts'
import { jsonDocument, type Output } from './output.ts'
import { openProgress } from './progress.ts'
import { secretsOf, summaryLine, summaryOf, summaryTable } from './summary.ts'
import { FollowedRun } from './followedRun.ts'
import { withStored } from './withTroupe.ts'

export function define(command: Command) {
  command.option('--watch', 'and what happens from now on, until the run ends; one JSON line per event with --json').action(
    handle<{ watch?: boolean }>(async ({ options, output }, run) =>
      withStored(options, run, async (troupe) => {
        const view = await troupe.show(run)
        output.hide(secretsOf(view))
        if (!options.watch) return print(view, output)
        if (!output.json) await print(view, output)
        await watch(troupe, view, output)
        if (!output.json) await print(await troupe.show(run), output)
      }),
    ),
  )
}

async function watch(troupe: Troupe, view: RunView, output: Output) {
  const run = await troupe.attach(view.row.id)
  const followed = new FollowedRun(view, Date.now())
  const watched = { run: run.id, scenarios: view.run.spec.scenarios, from: 'beside' as const }
  using _heart = breakSilence(output, () => heartbeat(followed.at(Date.now()), watched))
  const lineOf = await openProgress(view.run.spec.scenarios, output)
  for await (const event of run.events({ after: view.sequence })) {
    followed.hear(event, Date.now())
    const line = output.json ? JSON.stringify(event) : lineOf(event)
    if (line !== null) await output.print(`${line}\n`)
    if (output.closed) return
  }
}

async function print(view: RunView, output: Output) {
  const summary = summaryOf(view)
  const breakers = breakersOf(view)
  if (output.json) return output.print(jsonDocument({ ...summary, breakers }))
  const lines = [summaryLine(summary), ...(await summaryTable(summary, output)), ...breakers.filter(isWorthALine).map(breakerLine)]
  return output.print(`${lines.join('\n')}\n`)
}
