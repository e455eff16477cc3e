import { describe, expect, test } from 'vitest'
import { importsIn } from '../../src/skills/importsIn.ts'

const namedIn = async (source: string) => (await importsIn(source)).map(({ specifier }) => specifier)

describe('the files that a module names (case 24)', () => {
  test.for([
    ['a static import', "import { prompt } from './prompt.mjs'", './prompt.mjs'],
    ['an import for its effects', 'import "../set/up.js"', '../set/up.js'],
    ['an export from', "export * from './all.mjs'", './all.mjs'],
    ['a module of JSON', "import words from './words.json' with { type: 'json' }", './words.json'],
    ['a dynamic import', "const { prompt } = await import('./prompt.mjs')", './prompt.mjs'],
    ['a file beside it', "readFileSync(new URL('./prompt.md', import.meta.url))", './prompt.md'],
    ['a file beside it, without a dot', 'readFileSync(new URL(\n  "prompt.md",\n  import.meta.url))', './prompt.md'],
    ['a resolved module', "fork(import.meta.resolve('./child.mjs'))", './child.mjs'],
    ['its directory', "join(import.meta.dirname, 'prompts', 'one.md')", './prompts/one.md'],
    ['its directory, in a template', 'read(`${import.meta.dirname}/one.md`)', './one.md'],
    ['its directory in CommonJS', "fs.readFileSync(path.join(__dirname, 'one.md'))", './one.md'],
    ['require', "const { prompt } = require('./prompt')", './prompt'],
    ['createRequire', "const load = createRequire(import.meta.url)\nconst prompt = load('./prompt.cjs')", './prompt.cjs'],
    ['createRequire at once', "const prompt = createRequire(import.meta.url)('./prompt.cjs')", './prompt.cjs'],
    ['an import of its package', "import { prompt } from '#prompt'", '#prompt'],
    ['TypeScript', "import { a, type B } from './a.ts'\nconst f = <T,>(x: T): x is T & B => x! as never", './a.ts'],
  ])('%s', async ([, source, specifier]) => {
    expect(await namedIn(source!)).toEqual([specifier])
  })

  test.for([
    ['packages and modules of Node', "import 'zod'; import { join } from 'node:path'; require('undici')"],
    ['what is known when it runs', 'await import(`./${name}.mjs`); await import(name); new URL(name, import.meta.url); require(name)'],
    ['comments and texts', "// import './old.mjs'\nconst text = \"import './other.mjs'\""],
    ['types', "import type { A } from './a.ts'\nexport type { B } from './b.ts'"],
    ['addresses', "new URL('https://example.org/x', import.meta.url)"],
  ])('not %s', async ([, source]) => {
    expect(await namedIn(source!)).toEqual([])
  })

  test.for([
    ['written', "appendFileSync(new URL('./calls.txt', import.meta.url), 'x')", []],
    ['written under a name', "const log = join(__dirname, 'calls.txt')\nfs.createWriteStream(log)", []],
    ['read, where others are written', "writeFileSync(out, readFileSync(new URL('./prompt.md', import.meta.url)))", ['./prompt.md']],
    ['read by its path', "appendFile(log, await readFile(path.join(import.meta.dirname, 'prompt.md')))", ['./prompt.md']],
    ['a script', "writeFileSync(out, '')\nfork(new URL('./child.mjs', import.meta.url))", ['./child.mjs']],
  ] as const)('a file that is %s', async ([, source, specifiers]) => {
    expect(await namedIn(source)).toEqual(specifiers)
  })

  test('a module that cannot be read as one is looked through', async () => {
    const source = "import { a } from './a.mjs'\nconst b = new URL('./b.md', import.meta.url)\nconst broken = '"
    expect(await namedIn(`${source}\n}}} import '`)).toEqual(['./a.mjs', './b.md'])
  })
})
