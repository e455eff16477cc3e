import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openInput } from '../../src/input/input.ts'
import { descriptorsOn, inputFiles, problemOf } from './inputFiles.ts'

const files = inputFiles()
const open = (file: string) => openInput({ kind: 'file', file }, 1)
const all = async (file: string) => Array.fromAsync((await open(file)).items(0, Infinity))

test('items are the values of the lines, of every kind', async () => {
  const file = files.write('kinds.jsonl', '{"a":1}\n[2]\n"three"\n4\nnull\nfalse')
  expect(await all(file)).toEqual([{ a: 1 }, [2], 'three', 4, null, false])
})

test('blank lines are no items; Windows line ends and a byte order mark are no part of one', async () => {
  expect(await all(files.write('blank.ndjson', '\uFEFF1\r\n\r\n  \t\n2\r\n\n'))).toEqual([1, 2])
})

test('a separator of lines or paragraphs inside a string does not end the line', async () => {
  expect(await all(files.write('separators.jsonl', '"a\u2028b\u2029c"\n"d\u0085e"\n'))).toEqual(['a\u2028b\u2029c', 'd\u0085e'])
})

test('any JSON survives, wherever the pieces of the file are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1 }), fc.integer({ min: 65_400, max: 65_600 }), async (values, padding) => {
      const lines = ['ü'.repeat(padding / 2) + 'x'.repeat(padding % 2), ...values].map((value) => JSON.stringify(value))
      const read = await all(files.write('any.jsonl', lines.join('\n')))
      expect(read).toEqual(lines.map((line) => JSON.parse(line) as unknown))
    }),
    { numRuns: 50 },
  )
})

test('a broken line is named with its file and what the parser says; the items before it are handed out', async () => {
  const file = files.write('broken.jsonl', '{"a":1}\n\n{"a":2}\n{"a":}\n{"a":4}\n')
  const input = await open(file)
  expect(await Array.fromAsync(input.items(0, 2))).toEqual([{ a: 1 }, { a: 2 }])
  const problem = await problemOf(input.hash(3))
  expect(problem.message).toBe(`${file}:4: not JSON: Unexpected token '}', "{"a":}" is not valid JSON`)
  expect(problem).toMatchObject({ name: 'InputError', code: 'INPUT_INVALID', exitCode: 2 })
  expect(problem.hint).toContain('a line of its own')
  expect(problem.cause).toBeInstanceOf(SyntaxError)
})

test('a broken line says the column, and no line number but its own', async () => {
  const file = files.write('column.jsonl', '1\n{"a": 1, b}\n')
  expect((await problemOf((await open(file)).hash(2))).message).toMatch(/column\.jsonl:2: not JSON: .* at column 10$/)
})

test('a file that is not UTF-8 is named with the line', async () => {
  const file = files.write('latin1.jsonl', Buffer.from('"ok"\n"Zürich"\n"Zürich"\n', 'latin1'))
  expect((await problemOf(open(file))).message).toBe(`${file}:2: not UTF-8`)
})

test('a broken character is found in a line that spans pieces of the file', async () => {
  const long = Buffer.from(`1\n"\xfc${'x'.repeat(70_000)}"\n3\n`, 'latin1')
  const file = files.write('long.jsonl', long)
  expect((await problemOf(all(file))).message).toBe(`${file}:2: not UTF-8`)
})

test('a file cut off inside a character is named with the line', async () => {
  const file = files.write('cut.jsonl', Buffer.from('"ok"\n"ü').subarray(0, 7))
  expect((await problemOf(all(file))).message).toBe(`${file}:2: not UTF-8`)
})

test('a file without line breaks is refused before it fills the memory', async () => {
  const file = files.write('endless.jsonl', `1\n${'['.repeat(17 * 2 ** 20)}`)
  expect((await problemOf(all(file))).message).toBe(`${file}:2: a line of more than 16 Mi characters`)
})

test.each([
  ['nowhere.jsonl', 'There is no input file'],
  ['kinds.jsonl/inside.jsonl', 'There is no input file'],
  ['empty.jsonl', 'is empty'],
  ['mark.jsonl', 'is empty'],
  ['directory.jsonl', 'is a directory'],
  ['places.parquet', 'has the unknown extension .parquet'],
  ['places', 'has no extension'],
])('%s: %s', async (name, message) => {
  files.write('kinds.jsonl', '1')
  files.write('empty.jsonl', '')
  files.write('mark.jsonl', '\uFEFF')
  files.directoryNamed('directory.jsonl')
  const problem = await problemOf(open(join(files.directory, name)))
  expect(problem.message).toContain(message)
  expect(problem.message).toContain(join(files.directory, name))
  expect(problem.exitCode).toBe(2)
})

test('columns are refused, since lines have none', async () => {
  const problem = await problemOf(openInput({ kind: 'file', file: files.write('lines.jsonl', '1'), columns: ['a'] }, 1))
  expect(problem.message).toContain('"columns" is given for')
})

test('the hash is that of the first items, not of how the file writes them', async () => {
  const sum = createHash('sha256').update('{"a":1}\n"b"\n').digest('hex')
  expect(await (await open(files.write('first.jsonl', '{"a":1}\n"b"\n'))).hash(2)).toBe(sum)
  expect(await (await open(files.write('spaced.jsonl', '\n{ "a" : 1 }\r\n"\\u0062"\n{broken'))).hash(2)).toBe(sum)
})

test('a file with too few items says how many there are', async () => {
  const file = files.write('short.jsonl', '1\n2\n')
  const problem = await problemOf((await open(file)).hash(3))
  expect(problem.message).toBe(`${file} has 2 items, but 3 are needed`)
  expect(problem).toMatchObject({ name: 'InputTooShortError', code: 'INPUT_TOO_SHORT', exitCode: 2 })
  expect(problem.hint).toContain('no scenario of the plan more than 2 items')
})

test('no file stays open: after a stream that ended, was left, or failed', async () => {
  const file = files.write('handles.jsonl', '1\n2\n3\n{\n')
  const input = await open(file)
  expect(descriptorsOn(file)).toBe(0)
  await Array.fromAsync(input.items(0, 2))
  expect(descriptorsOn(file)).toBe(0)
  for await (const item of input.items(0, 3)) {
    expect(item).toBe(1)
    expect(descriptorsOn(file)).toBe(1)
    break
  }
  expect(descriptorsOn(file)).toBe(0)
  await problemOf(input.hash(4))
  expect(descriptorsOn(file)).toBe(0)
})

test('an input far larger than the memory is read to its end', async () => {
  const file = join(files.directory, 'large.jsonl')
  const line = `${JSON.stringify({ text: 'x'.repeat(1_000) })}\n`
  await pipeline(Readable.from(Array.from({ length: 100 }, () => line.repeat(1_000))), createWriteStream(file))
  const reading = `
    const { openInput } = await import(${JSON.stringify(new URL('../../src/input/input.ts', import.meta.url).href)})
    const input = await openInput({ kind: 'file', file: ${JSON.stringify(file)} }, 100000)
    console.log(await input.hash(100000))`
  const child = spawnSync(process.execPath, ['--max-old-space-size=24', '--input-type=module', '--eval', reading], { encoding: 'utf8' })
  const sum = createHash('sha256')
  for (let at = 0; at < 100_000; at++) sum.update(line)
  expect(child.stderr).toBe('')
  expect(child.stdout.trim()).toBe(sum.digest('hex'))
})

test.each([
  ['{"id":2512292042121000001}', '2512292042121000001 would become 2512292042121000000'],
  ['{"amount":1e400}', '1e400 would become Infinity'],
  ['[0.12345678901234567891]', '0.12345678901234567891 would become 0.12345678901234568'],
  ['{"small":1e-400}', '1e-400 would become 0'],
])('a number that would change is refused with its line (case 4): %s', async (line, message) => {
  const input = await openInput({ kind: 'file', file: files.write('inexact.jsonl', `{"id":1}\n${line}\n`) }, 1)
  const problem = await problemOf(Array.fromAsync(input.items(0, 2)))
  expect(problem.message).toContain(`inexact.jsonl:2: the number ${message}`)
  expect(problem.hint).toBe('Write it as text, in double quotes')
})

test('numbers that are kept in another form are taken (case 4)', async () => {
  const file = files.write(
    'exact.jsonl',
    '[1.50, 1e3, 100000000000000000000, 0.30000000000000004, -0, 9007199254740991]\n"2512292042121000001"\n',
  )
  const input = await openInput({ kind: 'file', file }, 1)
  expect(await Array.fromAsync(input.items(0, 2))).toEqual([
    [1.5, 1000, 1e20, 0.30000000000000004, -0, 9007199254740991],
    '2512292042121000001',
  ])
})
