import { access, glob, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

async function pages(): Promise<string[]> {
  const found = await Array.fromAsync(glob(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'bench/*.md'], { cwd: ROOT }))
  return found.toSorted()
}

test('every link between pages leads to a file that is there', async () => {
  const files = await pages()
  expect(files).toContain('README.md')
  const links = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(ROOT, file), 'utf8')
      const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target]) => target!)
      return targets.map((target) => ({ file, target, path: join(ROOT, dirname(file), target) }))
    }),
  )
  expect(links.flat().length).toBeGreaterThan(10)
  const broken = await Promise.all(
    links.flat().map(({ file, target, path }) =>
      access(path).then(
        () => null,
        () => `${file}: ${target}`,
      ),
    ),
  )
  expect(broken.filter((link) => link !== null)).toEqual([])
})
