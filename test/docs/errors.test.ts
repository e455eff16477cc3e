import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** The heading that an error should have. Read, not made: every class has a constructor of its own. */
async function headings(): Promise<string[]> {
  const directory = join(ROOT, 'src/errors')
  const sources = await Promise.all((await readdir(directory)).map((file) => readFile(join(directory, file), 'utf8')))
  const classes = sources.join('\n').split(/(?=export (?:abstract )?class )/)
  return classes
    .filter((text) => /^export class \w+ extends TroupeError/.test(text))
    .map((text) => {
      const code = /readonly code = '([A-Z_]+)'/.exec(text)?.[1]
      const errorClass = /readonly class = '(\w+)'/.exec(text)?.[1]
      if (errorClass) return `\`${code}\`, class ${errorClass}`
      if (code === 'HTTP_CONNECTION') return `\`${code}\`, class by its cause`
      // Another for each error: the entry says which.
      if (text.includes('readonly status: number')) return `\`${code}\`, class by status`
      if (/readonly class: /.test(text)) return `\`${code}\`, class ${code === 'CHAOS' ? 'as given' : 'by exit code'}`
      return `\`${code}\`, exit ${text.includes('exitCode = 2') ? 2 : 1}`
    })
}

test('every error has an entry with its exit code or class, its cause and its remedy, and every entry is an error', async () => {
  const entries = (await readFile(join(ROOT, 'docs/errors.md'), 'utf8')).split(/^### /m).slice(1)
  const expected = await headings()
  expect(expected.length).toBeGreaterThan(20)
  expect(entries.map((entry) => entry.slice(0, entry.indexOf('\n'))).toSorted()).toEqual(expected.toSorted())
  for (const entry of entries) {
    expect(entry).toContain('\n**Cause.** ')
    expect(entry).toContain('\n**Remedy.** ')
  }
})
