import { access, glob, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
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

test('every link of a page in the package leads to a file in the package (first hour 15)', async () => {
  const { files: patterns } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { files: string[] }
  const isPacked = (path: string) =>
    /^(README\.md|LICENSE)$/.test(path) || patterns.some((each) => path === each || path.startsWith(`${each}/`))
  const packed = (await pages()).filter(isPacked)
  expect(packed).toContain('docs/quickstart.md')
  const targets = await Promise.all(
    packed.map(async (file) => {
      const text = await readFile(join(ROOT, file), 'utf8')
      return [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target]) => relative(ROOT, join(ROOT, dirname(file), target!)))
    }),
  )
  expect(targets.flat().filter((target) => !isPacked(target))).toEqual([])
})
