import { access, mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Command } from 'commander'
import { FilesExistError, FileUnwritableError } from '../errors.ts'
import { handle } from './invocation.ts'
import { jsonDocument } from './output.ts'
import { starterFiles } from './starter.ts'
import { troupeCommand } from '../shellCommand.ts'

export function define(command: Command) {
  command.action(
    handle(async ({ output }, directory = '.') => {
      const { planJsonSchema } = await import('../index.ts')
      const files = Object.entries(starterFiles(jsonDocument(planJsonSchema()))).map(([name, text]) => ({
        path: join(directory, name),
        text,
      }))
      const there = await Promise.all(files.map(({ path }) => exists(path)))
      const taken = files.filter((_file, index) => there[index])
      if (taken.length > 0) throw new FilesExistError(taken.map(({ path }) => path))
      await write(directory, files)
      const plan = relative('.', join(directory, 'plan.yaml'))
      const next = [
        `made ${files.map(({ path }) => path).join(', ')}`,
        '',
        `check it: ${troupeCommand('plan', plan)}`,
        `run it:   ${troupeCommand('run', plan)}`,
      ]
      await output.print(output.json ? jsonDocument({ files: files.map(({ path }) => path) }) : `${next.join('\n')}\n`)
    }),
  )
}

async function write(directory: string, files: { path: string; text: string }[]) {
  try {
    await mkdir(directory, { recursive: true })
    // `wx`: what has come there meanwhile is not overwritten either.
    for (const { path, text } of files) await writeFile(path, text, { flag: 'wx' })
  } catch (cause) {
    throw new FileUnwritableError(directory, 'Give a directory that is yours to write to: troupe init DIR', cause)
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )
