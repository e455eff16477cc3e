import { Option, type Command } from 'commander'
import { handle } from './invocation.ts'
import { checkReportFiles, printReport, writeReport } from './printReport.ts'
import { secretsOf } from './summary.ts'
import { withStored } from './withTroupe.ts'

export function define(command: Command) {
  command
    .addOption(new Option('--format <format>', 'default: text, or what the name of the file says').choices(['text', 'json']))
    .option('-o, --output <file>', 'into a file')
    .action(
      handle<{ output?: string }>(async ({ options, output }, run) => {
        const { output: file } = options
        if (file !== undefined) await checkReportFiles([file])
        return withStored(options, run, async (troupe) => {
          output.hide(secretsOf(await troupe.show(run)))
          const report = await troupe.report(run)
          if (file === undefined) return printReport(report, output)
          await writeReport(report, file, output, output.json ? 'json' : options.format === 'text' ? 'text' : undefined)
          output.say(`written to ${file}`)
        })
      }),
    )
}
