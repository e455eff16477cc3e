import { access, constants, stat, writeFile } from 'node:fs/promises'
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
    const why = await whyNot(resolve(file))
    if (why !== null) throw new UsageError(`${file} cannot be written: ${why}`, 'Name a file of yours, or one that is not there yet')
  }
}

/** What keeps a file from being written, as far as that is known before. */
async function whyNot(path: string): Promise<string | null> {
  try {
    if ((await stat(path)).isDirectory()) return 'it is a directory'
    await access(path, constants.W_OK)
    return null
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? null : message
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
    const stored = report.environment.database !== 'memory'
    const hint = stored ? `The report is stored: ${troupeCommand('report', report.run)} -o FILE` : 'The run was in memory: start it again'
    throw new FileUnwritableError(file, hint, cause)
  })
}

export async function printReport(report: Report, output: Output) {
  const { textReport } = await import('../index.ts')
  await output.print(output.json ? jsonDocument(report) : textReport(report, output))
}
