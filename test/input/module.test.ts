import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openInput } from '../../src/input/input.ts'
import { inputFiles, problemOf } from './inputFiles.ts'

const files = inputFiles()
let modules = 0
const write = (source: string, extension = 'mjs') => files.write(`module-${++modules}.${extension}`, source)
const open = (module: string, name = 'default') => openInput({ kind: 'module', module, export: name }, 1)
const all = async (source: string) => Array.fromAsync((await open(write(source))).items(0, Infinity))

test.each([
  ['an array', 'export default [1, { a: 2 }, "three"]'],
  ['a promise of an array', 'export default await Promise.resolve([1, { a: 2 }, "three"])'],
  ['an iterable', 'export default new Set([1, { a: 2 }, "three"])'],
  ['an async iterable', 'export default { async *[Symbol.asyncIterator]() { yield 1; yield { a: 2 }; yield "three" } }'],
  ['a function that returns an array', 'export default () => [1, { a: 2 }, "three"]'],
  ['a function that promises an array', 'export default async () => [1, { a: 2 }, "three"]'],
  ['a generator', 'export default function* () { yield 1; yield { a: 2 }; yield "three" }'],
  ['an async generator', 'export default async function* () { yield 1; yield { a: 2 }; yield "three" }'],
  ['a stream made by a function', 'import { Readable } from "node:stream"; export default () => Readable.from([1, { a: 2 }, "three"])'],
])('%s gives its items, each time anew', async (_kind, source) => {
  const input = await open(write(source))
  expect(await Array.fromAsync(input.items(0, 10))).toEqual([1, { a: 2 }, 'three'])
  expect(await Array.fromAsync(input.items(1, 2))).toEqual([{ a: 2 }])
  expect(await input.hash(3)).toMatch(/^[0-9a-f]{64}$/)
})

test('a TypeScript module and a named export', async () => {
  const input = await open(write('export const places: readonly string[] = ["Bern"]', 'ts'), 'places')
  expect(await Array.fromAsync(input.items(0, 1))).toEqual(['Bern'])
})

test('the hash is that of a file with the same items', async () => {
  const file = files.write('same.jsonl', '{"a":1}\n{"a":2}\n')
  const input = await openInput({ kind: 'file', file }, 2)
  expect(await (await open(write('export default [{ a: 1 }, { a: 2, b: undefined }]'))).hash(2)).toBe(await input.hash(2))
})

test('an endless generator is asked only for what is used, and is ended', async () => {
  const module = write(`
    export const log = []
    export default function* () { try { for (let i = 0; ; i++) { log.push(i); yield i } } finally { log.push('ended') } }`)
  const input = await open(module)
  expect(await Array.fromAsync(input.items(1, 3))).toEqual([1, 2])
  const { log }: { log: unknown[] } = await import(module)
  expect(log).toEqual([0, 1, 2, 'ended'])
})

test('a reader that changes an item does not change the next reader of it', async () => {
  const input = await open(write('export default [{ a: 1 }]'))
  const [item] = await input.reader().read(0, 1)
  expect(Object.assign(item ?? {}, { a: 2 })).toBe(item)
  expect(await input.reader().read(0, 1)).toEqual([{ a: 1 }])
})

test.each([
  ['a generator that was called', 'export default (function* () { yield 1 })()'],
  ['an async generator that was called', 'export default (async function* () { yield 1 })()'],
  ['a stream', 'import { Readable } from "node:stream"; export default Readable.from([1])'],
  ['a web stream', 'export default ReadableStream.from([1])'],
])('%s is refused: it is gone after one reading', async (_kind, source) => {
  const module = write(source)
  const problem = await problemOf(open(module))
  expect(problem.message).toBe(`${module} can be iterated only once, but its items are read several times`)
  expect(problem.hint).toContain('Export the function that makes it')
})

test.each([
  ['export default 7', 'is a number, which holds no items'],
  ['export default "Bern"', 'is a string, which holds no items'],
  ['export default null', 'is null, which holds no items'],
  ['export default { items: [] }', 'is an object, which holds no items'],
])('%s is refused', async (source, message) => {
  const module = write(source)
  const problem = await problemOf(open(module))
  expect(problem.message).toBe(`${module} ${message}`)
  expect(problem).toMatchObject({ name: 'InputError', code: 'INPUT_INVALID', exitCode: 2 })
})

test('a function that returns no items is refused when it is called', async () => {
  const module = write('export default () => undefined')
  expect((await problemOf(all('export default () => "Bern"'))).message).toContain('returned a string, which holds no items')
  expect((await problemOf((await open(module)).hash(1))).message).toBe(`${module} returned undefined, which holds no items`)
})

test('a missing export is named with the nearest', async () => {
  const module = write('export const places = []; export const cities = []')
  const problem = await problemOf(open(module, 'place'))
  expect(problem.message).toBe(`${module} has no export "place"; did you mean "places"?`)
  expect(problem.hint).toMatch(/: (places, cities|cities, places)$/)
  expect((await problemOf(open(write('')))).message).toContain('it exports nothing')
})

test.each([
  ['throw new RangeError("no places today")', 'no places today'],
  ['export default await Promise.reject(new RangeError("no places today"))', 'no places today'],
])('a module that throws while it is loaded keeps the cause: %s', async (source, message) => {
  const module = write(source)
  const problem = await problemOf(open(module))
  expect(problem.message).toBe(`The input module ${module} cannot be loaded: ${message}, at ${module}:1`)
  expect(problem.cause).toMatchObject({ name: 'RangeError', message })
})

test('a module that is not there cannot be loaded', async () => {
  const missing = join(files.directory, 'missing.mjs')
  expect((await problemOf(open(missing))).message).toContain(`The input module ${missing} cannot be loaded`)
})

test.each([
  ['export default [', 'SyntaxError'],
  ['import "./nowhere.mjs"', 'Error'],
  ['export const places: number = nowhere', 'ReferenceError', 'ts'],
])('a module that Node itself cannot load keeps the cause: %s', (source, name, extension = 'mjs') => {
  const module = write(source, extension)
  const opening = `
    const { openInput } = await import(${JSON.stringify(new URL('../../src/input/input.ts', import.meta.url).href)})
    const error = await openInput({ kind: 'module', module: ${JSON.stringify(module)}, export: 'default' }, 1).catch((error) => error)
    console.log(JSON.stringify([error.code, error.message, error.cause.name, error.message.endsWith(${JSON.stringify(`, at ${module}:1`)})]))`
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', opening], { encoding: 'utf8' })
  expect(child.stderr).toBe('')
  const prefix = `The input module ${module} cannot be loaded: `
  expect(JSON.parse(child.stdout)).toEqual(['INPUT_INVALID', expect.stringContaining(prefix), name, true])
})

test.each([
  ['export default () => { throw new RangeError("late") }', 'failed: late'],
  ['export default async () => { throw new RangeError("late") }', 'failed: late'],
  ['export default function* () { yield 1; yield 2; throw new RangeError("late") }', 'failed at item 2: late'],
  ['export default async function* () { yield 1; throw new RangeError("late") }', 'failed at item 1: late'],
])('a module that throws while it is read keeps the cause: %s', async (source, message) => {
  const module = write(source)
  const problem = await problemOf((await open(module)).hash(9))
  expect(problem.message).toBe(`${module} ${message}`)
  expect(problem.cause).toMatchObject({ name: 'RangeError', message: 'late' })
})

test.each([
  ['undefined', 'is undefined'],
  ['() => 1', 'is a function'],
  ['10n', 'is a bigint'],
  ['NaN', 'is NaN'],
  ['new Date()', 'is of class Date'],
  ['{ place: { when: new Date() } }', 'place.when is of class Date'],
  ['{ rows: [[1], [2, Infinity]] }', 'rows[1][1] is Infinity'],
  ['[1, , 3]', '[1] is undefined'],
  ['{ at: [{ id: Symbol() }] }', 'at[0].id is a symbol'],
  ['(() => { const a = { b: {} }; a.b.c = a; return a })()', 'b.c contains itself'],
])('an item that is not JSON is named with its index: %s', async (item, problem) => {
  const module = write(`export default [0, ${item}]`)
  const input = await open(module)
  expect(await Array.fromAsync(input.items(0, 1))).toEqual([0])
  expect((await problemOf(input.hash(2))).message).toBe(`Item 1 of ${module} is not JSON: ${problem}`)
})

test('an item that is not JSON is named alike when a generator yields it', async () => {
  const module = write('export default function* () { yield 0; yield new Map() }')
  expect((await problemOf((await open(module)).hash(2))).message).toBe(`Item 1 of ${module} is not JSON: is of class Map`)
})

test('an item may hold one object twice, and objects without a prototype', async () => {
  expect(await all('const b = { c: 1 }; export default [{ a: b, b }, Object.assign(Object.create(null), { d: [] })]')).toEqual([
    { a: { c: 1 }, b: { c: 1 } },
    { d: [] },
  ])
})

test('too few items', async () => {
  const module = write('export const places = [1]')
  expect((await problemOf((await open(module, 'places')).hash(2))).message).toBe(`"places" of ${module} has 1 item, but 2 are needed`)
})

test('(F1) a signal is heard while the items of a module are read that has them all at once', async () => {
  const input = await open(write('export default Array.from({ length: 3000 }, (_, index) => index)'))
  const abort = new AbortController()
  setImmediate(() => abort.abort(new Error('enough')))
  await expect(input.hash(3_000, { signal: abort.signal })).rejects.toThrow('enough')
})
