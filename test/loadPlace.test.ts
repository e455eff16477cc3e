import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadHint, loadPlace, messageWithPlace } from '../src/loadPlace.ts'

const directory = mkdtempSync(join(tmpdir(), 'troupe-load-'))
afterAll(() => rmSync(directory, { recursive: true }))
const write = (name: string, text: string) => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}

/** An error as Node makes it: `stack` without its message is what a test gives. */
const error = (message: string, { stack = '', ...more }: { stack?: string; code?: string; name?: string } = {}) =>
  Object.assign(more.name === 'SyntaxError' ? new SyntaxError(message) : new Error(message), { stack, ...more })

const shown = async (cause: unknown, module: string) => {
  const place = await loadPlace(cause, module)
  return place && `${basename(place.file)}:${place.line}`
}

test('what Node prints before an error, and the first frame of a user, are its place (first hour 4)', async () => {
  const head = '/work/enum.ts:2\nconst a: number = 1\nenum X { a }\n\nSyntaxError: no enum\n    at node:internal/modules/typescript:68:40'
  expect(await shown(error('no enum', { stack: head }), '/work/enum.ts')).toBe('enum.ts:2')
  const frames =
    'Error: boom\n    at Object.openSync (node:fs:621:18)\n    at f (/work/node_modules/dep/index.js:9:9)\n    at async file:///work/s%20p.mjs?v=1:3:7'
  expect(await shown(error('boom', { stack: frames }), '/work/plan.ts')).toBe('s p.mjs:3')
  expect(await loadPlace('thrown text', '/work/plan.ts')).toBeNull()
  expect(await shown(error('nothing', { stack: 'Error: nothing\n    at node:internal/x:1:1' }), '/work/plan.ts')).toBeNull()
})

test.each([
  ["import a from 'a'\nimport x from 'nosuch/deep'\n", "Cannot find package 'nosuch' imported from FILE", 2],
  ["\n\nexport { x } from './gone.mjs'\n", "Cannot find module 'DIR/gone.mjs' imported from FILE", 3],
  ["\nconst x = await import('./gone.mjs')\n", "Cannot find module 'DIR/gone.mjs' imported from FILE", 2],
  ["import 'node:nosuch'\n", 'No such built-in module: node:nosuch', 1],
  ["const a = require('./a.cjs')\nconst b = require('nosuch')\n", "Cannot find module 'nosuch'\nRequire stack:\n- FILE", 2],
  ['export default 1\n', "Cannot find package 'nosuch' imported from FILE", null],
])('an import of what is not there has the line that writes it (first hour 4): %j', async (text, message, line) => {
  const file = write('imports.mjs', text)
  const cause = error(message.replace('FILE', file).replace('DIR', directory), { code: 'ERR_MODULE_NOT_FOUND' })
  expect(await shown(cause, file)).toBe(line && `imports.mjs:${line}`)
  expect(loadHint(cause, 'else')).toMatch(/install the package/)
})

test.each([
  ['const a = 1\nconsole.log(a\nexport default a\n', 'entry.mjs:2'],
  ["import './fine.mjs'\nimport './broken.mjs'\n", 'broken.mjs:3'],
  ["import './fine.mjs'\n", null],
])('a mistake of syntax is found in a module or in what it imports (first hour 4): %j', async (text, expected) => {
  write('fine.mjs', 'export default 1\n')
  write('broken.mjs', '\n\nexport default async (items => items\n')
  const stack = 'SyntaxError: wrong\n    at compileSourceTextModule (node:internal/modules/esm/utils:319:16)'
  expect(await shown(error('wrong', { name: 'SyntaxError', stack }), write('entry.mjs', text))).toBe(expected)
})

test('a message has the place behind it, in one line, and the hint says what to do', () => {
  const place = { file: '/work/s.mjs', line: 3 }
  expect(messageWithPlace("Cannot find package 'x' imported from /work/s.mjs", place)).toBe("Cannot find package 'x', at /work/s.mjs:3")
  expect(messageWithPlace('one\ntwo', place, () => 's.mjs')).toBe('one, at s.mjs:3')
  expect(messageWithPlace('one\ntwo', null)).toBe('one\ntwo')
  expect(loadHint(error('Cannot use import statement outside a module'), 'else')).toContain('"type": "module"')
  expect(loadHint(error('no enum', { code: 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' }), 'else')).toContain('an object in place of an enum')
  expect(loadHint(error('boom'), 'else')).toBe('else')
})
