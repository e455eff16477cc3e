import type { Command } from 'commander'
import type { StoredEvent, Troupe } from '../index.ts'
import { breakerLine, breakersOf, isWorthALine } from './breakerLine.ts'
import { eventText } from './eventText.ts'
import { handle } from './invocation.ts'
import { jsonDocument } from './output.ts'
import { wholeNumber } from './overrides.ts'
import { clockTime } from '../printable.ts'
import { dateTime, secretsOf, summaryLine, summaryOf, summaryTable } from './summary.ts'
import { withStored } from './withTroupe.ts'

const LAST_EVENTS = 20

export function define(command: Command) {
  command.option('--at <sequence>', 'as of that event', wholeNumber).action(
    handle<{ at?: number }>(async ({ options, output }, run) => {
      return withStored(options, run, async (troupe) => {
        const view = await troupe.show(run, { at: options.at })
        output.hide(secretsOf(view))
        const summary = summaryOf(view)
        const events = await lastEvents(troupe, run, options.at ?? Infinity)
        const breakers = breakersOf(view)
        if (output.json) return output.print(jsonDocument({ ...summary, breakers, events }))
        const when = options.at === undefined ? summaryLine(summary) : `run ${run} as of event ${options.at}: ${summary.status}`
        const created = `plan ${summary.plan}, created ${dateTime(summary.createdAt)}, last event ${summary.sequence}`
        return output.print(
          `${[when, created, '', ...(await summaryTable(summary, output)), ...breakers.filter(isWorthALine).map(breakerLine), '', 'last events', ...(await eventLines(events, output))].join('\n')}\n`,
        )
      })
    }),
  )
}

async function lastEvents(troupe: Troupe, run: string, until: number): Promise<StoredEvent[]> {
  let last: StoredEvent[] = []
  for (let after = 0; ; ) {
    const page = await troupe.history(run, { after })
    last = [...last, ...page.filter(({ sequence }) => sequence <= until)].slice(-LAST_EVENTS)
    const end = page.at(-1)
    if (!end || end.sequence >= until) return last
    after = end.sequence
  }
}

async function eventLines(events: StoredEvent[], output: { width: number; colour: boolean }): Promise<string[]> {
  const { textPage } = await import('../index.ts')
  const page = textPage(output)
  const digits = String(events.at(-1)?.sequence ?? 0).length
  return events.flatMap((event) =>
    page.wrapped(`${String(event.sequence).padStart(digits)} ${clockTime(event.at)} ${eventText(event)}`, undefined, {
      indent: ' '.repeat(digits + 1),
    }),
  )
}
