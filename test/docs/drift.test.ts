import { access, glob, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as entry from '../../src/index.ts'
import { commands } from '../../src/cli/commands.ts'
import { PAUSE_REASONS } from '../../src/machines/scenarioState.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (file: string) => readFile(join(ROOT, file), 'utf8')

// Errors have a page of their own, and a test: errors.test.ts.
test('embedding.md names everything that the package exports', async () => {
  const page = await read('docs/embedding.md')
  const isError = (value: unknown) => typeof value === 'function' && value.prototype instanceof entry.TroupeError
  const names = Object.entries(entry).flatMap(([name, value]) => (isError(value) ? [] : [name]))
  expect(names).toContain('breakerMachine')
  expect(names.filter((name) => !page.includes(`\`${name}`))).toEqual([])
})

test('the glossary has every reason to wait, and every reason to have failed', async () => {
  const glossary = await read('docs/glossary.md')
  const source = await read('src/machines/scenarioState.ts')
  const failures = [.../type FailReason = (.*)/.exec(source)![1]!.matchAll(/'([\w-]+)'/g)].map(([, reason]) => reason!)
  expect(failures).toContain('time-budget')
  for (const reason of [...PAUSE_REASONS, ...failures]) expect(glossary).toContain(`\`${reason}\``)
})

test('cli.md has every command', async () => {
  const page = await read('docs/cli.md')
  for (const { name } of commands) expect(page, name).toMatch(new RegExp(`\\\`troupe ${name}\\b`))
})

test('decisions are numbered without gaps, and the files that they name are there', async () => {
  const files = (await readdir(join(ROOT, 'docs/decisions'))).toSorted()
  expect(files.map((file) => Number(file.slice(0, 4)))).toEqual(files.map((_, i) => i + 1))
  const texts = await Promise.all(files.map((file) => read(`docs/decisions/${file}`)))
  texts.forEach((text, i) => expect(text.split('\n')[0]).toMatch(new RegExp(`^# ${files[i]!.slice(0, 4)}: `)))
  expect(await missingFiles(texts)).toEqual([])
})

test('files that pages name are there', async () => {
  const pages = await Array.fromAsync(glob(['README.md', 'docs/*.md', 'examples/**/*.md'], { cwd: ROOT }))
  expect(await missingFiles(await Promise.all(pages.map(read)))).toEqual([])
})

async function missingFiles(texts: readonly string[]): Promise<string[]> {
  const named = new Set(
    texts.flatMap((text) => [...text.matchAll(/`((?:src|test|docs|bench|examples)\/[\w./-]+)`/g)].map(([, path]) => path!)),
  )
  const found = await Promise.all(
    [...named].map((path) =>
      access(join(ROOT, path)).then(
        () => null,
        () => path,
      ),
    ),
  )
  return found.filter((path) => path !== null)
}
