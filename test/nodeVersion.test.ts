import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { nodeProblem } from '../src/nodeVersion.ts'
import { makePlace } from './cli/commandLine.ts'
import { importsOf, readTree } from './support/imports.ts'

const NEEDED = 'Troupe needs Node 22.18 or later (or 24.11 or later)'

test.each([
  ['22.18.0', null],
  ['22.30.1', null],
  ['24.11.0', null],
  ['24.21.0', null],
  ['26.0.0', null],
  ['27.1.0', null],
  ['20.20.2', `${NEEDED}, this is 20.20.2`],
  ['18.0.0', `${NEEDED}, this is 18.0.0`],
  ['22.17.1', `${NEEDED}, this is 22.17.1`],
  ['24.10.0', `${NEEDED}, this is 24.10.0`],
  ['23.11.0', `${NEEDED}, and not 23, this is 23.11.0`],
  ['25.2.1', `${NEEDED}, and not 25, this is 25.2.1`],
])('of Node %s it says: %s', (version, problem) => {
  expect(nodeProblem(version)).toBe(problem)
})

test('what is refused is what engines in package.json leave out, and the pages say the same', () => {
  const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
  expect((JSON.parse(read('package.json')) as { engines: object }).engines).toEqual({ node: '^22.18 || ^24.11 || >=26' })
  for (const page of ['README.md', 'docs/quickstart.md']) expect(read(page)).toContain('Node 22.18 or later (or 24.11 or later)')
})

test('what the pages and examples show runs with the oldest of them: it has no `using`', () => {
  const root = new URL('..', import.meta.url)
  const shown = [
    'README.md',
    ...['docs', 'examples'].flatMap((folder) => files(new URL(`${folder}/`, root)).map((name) => `${folder}/${name}`)),
  ]
  const using = shown.filter((file) => /^\s*(?:await )?using \w+ = /m.test(readFileSync(new URL(file, root), 'utf8')))
  expect(using).toEqual([])
})

test('nothing is loaded before Node is known to be new enough', () => {
  const imports = readTree(fileURLToPath(new URL('..', import.meta.url)), 'src').flatMap(importsOf)
  const first = imports.filter(({ from }) => from === 'src/cli.ts' || from === 'src/nodeVersion.ts')
  expect(first.map(({ to }) => to)).toEqual(['src/nodeVersion.ts', 'src/cli/begin.ts'])
  const entry = readFileSync(new URL('../src/cli.ts', import.meta.url), 'utf8')
  expect(entry.match(/^import .*/gm)).toEqual(["import { nodeProblem } from './nodeVersion.ts'"])
})

test('with another Node the program says which it needs, and ends with 1', async () => {
  const place = await makePlace({ 'old.mjs': "Object.defineProperty(process.versions, 'node', { value: '20.20.2' })\n" })
  try {
    expect(await place.troupe(['list'], { node: ['--import', './old.mjs'] })).toEqual({
      code: 1,
      stdout: '',
      stderr: `error: ${NEEDED}, this is 20.20.2\nhint: Install a version of Node that will do: https://nodejs.org\n`,
    })
  } finally {
    await place.remove()
  }
})

test('an error is said by a Node that has no SuppressedError, as 22 has none', async () => {
  const place = await makePlace({ 'as22.mjs': 'delete globalThis.SuppressedError\n' })
  try {
    const { code, stderr } = await place.troupe(['plan', 'nope.ts'], { node: ['--import', './as22.mjs'] })
    expect([code, stderr]).toEqual([2, expect.stringContaining('error: There is no plan nope.ts (PLAN_UNREADABLE)\nhint: ')])
  } finally {
    await place.remove()
  }
})

const files = (folder: URL): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:md|[cm]?[jt]s)$/.test(name))
