import { access, constants, writeFile } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { FileUnwritableError, UsageError } from '../errors.ts'
import type { Report } from '../index.ts'
import { jsonDocument, type Output } from './output.ts'
import { troupeCommand } from '../shellCommand.ts'

const LATER = new Set(['.html', '.xml', '.junit', '.md', '.markdown'])

/** Says before a run what would go wrong after it. @throws {UsageError} */
export async function checkReportFiles(files: readonly string[]) {
  for (const file of files) {
    if (LATER.has(extname(file)))
      throw new UsageError(`This version makes no report like ${file}`, 'Name it .json, or .txt for the text of a terminal')
    await access(dirname(resolve(file)), constants.W_OK).catch(() => {
      throw new UsageError(
        `${file} cannot be written: there is no such directory, or it is not ours to write to`,
        'Make the directory first',
      )
    })
  }
}

/** JSON by its extension, else text. @throws {FileUnwritableError} */
export async function writeReport(
  report: Report,
  file: string,
  { clean }: Output,
  format: 'json' | 'text' = extname(file) === '.json' ? 'json' : 'text',
) {
  const { textReport } = await import('../index.ts')
  const text = format === 'json' ? jsonDocument(report) : textReport(report)
  await writeFile(file, clean(text)).catch((cause: unknown) => {
    throw new FileUnwritableError(file, `The report is stored: ${troupeCommand('report', report.run)} -o FILE`, cause)
  })
}

export async function printReport(report: Report, output: Output) {
  const { textReport } = await import('../index.ts')
  await output.print(output.json ? jsonDocument(report) : textReport(report, output))
}
