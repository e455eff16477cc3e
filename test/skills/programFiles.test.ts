import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { programFiles } from '../../src/skills/programFiles.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'troupe-program-'))
  onTestFinished(() => rm(directory, { recursive: true }))
})

async function write(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), text)
  }
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)
const filesOf = (...entries: string[]) =>
  programFiles(
    entries.map((name) => join(directory, name)),
    directory,
  )
const namesOf = async (...entries: string[]) => (await filesOf(...entries)).map(([name]) => name)

test('a skill is the files that its module imports, directly or not, the module first (case 24)', async () => {
  const skill = "import './lib/prompt.mjs'\nimport './words.json' with { type: 'json' }"
  await write({
    'skill.mjs': skill,
    'lib/prompt.mjs': "import '../skill.mjs'\nimport './deep.mjs'",
    'lib/deep.mjs': '',
    'words.json': '[]',
  })
  await write({ 'unrelated.mjs': '' })
  expect(await filesOf('skill.mjs')).toEqual([
    ['skill.mjs', hash(skill)],
    ['lib/prompt.mjs', hash("import '../skill.mjs'\nimport './deep.mjs'")],
    ['words.json', hash('[]')],
    ['lib/deep.mjs', hash('')],
  ])
})

test('files are found as CommonJS and loaders of TypeScript find them', async () => {
  await write({ 'skill.cjs': "require('./a')\nrequire('./b')\nrequire('./c.js')", 'a.js': '', 'b/index.js': '', 'c.ts': '' })
  expect(await namesOf('skill.cjs')).toEqual(['skill.cjs', 'a.js', 'b/index.js', 'c.ts'])
})

test('a name of its own package is followed, what is in node_modules is not', async () => {
  await write({
    'package.json': JSON.stringify({ name: 'mine', imports: { '#prompt': './prompts/one.mjs' } }),
    'skill.mjs': "import '#prompt'\nimport 'other'\nimport './node_modules/other/index.js'",
    'prompts/one.mjs': '',
    'node_modules/other/index.js': '',
  })
  expect(await namesOf('skill.mjs')).toEqual(['skill.mjs', 'prompts/one.mjs'])
})

test('a skill in a package follows its own files, and a link is followed to where its file is', async () => {
  await write({
    'node_modules/skills/one.mjs': "import './two.mjs'",
    'node_modules/skills/two.mjs': '',
    'real/skill.mjs': "import './beside.mjs'",
    'real/beside.mjs': '',
  })
  await symlink(join(directory, 'real/skill.mjs'), join(directory, 'link.mjs'))
  expect(await namesOf('node_modules/skills/one.mjs')).toEqual(['node_modules/skills/one.mjs', 'node_modules/skills/two.mjs'])
  expect(await namesOf('link.mjs')).toEqual(['link.mjs', 'real/beside.mjs'])
})

test('what is not there is left out', async () => {
  await write({ 'skill.mjs': "await import('./missing.mjs').catch(() => {})" })
  expect(await namesOf('skill.mjs', 'gone.mjs')).toEqual(['skill.mjs'])
})

test('files beyond 200 are one entry, which changes with each of them', async () => {
  const names = Array.from({ length: 250 }, (_, i) => `part${i}.mjs`)
  await write({ 'skill.mjs': names.map((name) => `import './${name}'`).join('\n'), ...Object.fromEntries(names.map((name) => [name, ''])) })
  const before = await filesOf('skill.mjs')
  expect(before).toHaveLength(201)
  expect(before.at(-1)![0]).toBe('51 further files')
  await write({ 'part249.mjs': 'changed' })
  const after = await filesOf('skill.mjs')
  expect(after.slice(0, -1)).toEqual(before.slice(0, -1))
  expect(after.at(-1)).not.toEqual(before.at(-1))
})

test('a script of Node without an ending is followed, other files are not', async () => {
  await write({ score: "#!/usr/bin/env node\nrequire('./part.js')", 'part.js': '', 'score.py': "require('./part.js')" })
  expect(await namesOf('score')).toEqual(['score', 'part.js'])
  expect(await namesOf('score.py')).toEqual(['score.py'])
})
