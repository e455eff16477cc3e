import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openInput } from '../../src/input/input.ts'
import { descriptorsOn, inputFiles, problemOf } from './inputFiles.ts'

const files = inputFiles()
const open = (file: string, columns?: string[]) => openInput({ kind: 'file', file, columns }, 1)
const all = async (file: string, columns?: string[]) => Array.fromAsync((await open(file, columns)).items(0, Infinity))

test('items are objects of strings, named by the first row', async () => {
  const file = files.write('places.csv', 'id,name,city\n1,"Bar ""Centrale"", left",Zürich\n2,,"two\nlines"\n')
  expect(await all(file)).toEqual([
    { id: '1', name: 'Bar "Centrale", left', city: 'Zürich' },
    { id: '2', name: '', city: 'two\nlines' },
  ])
})

test('items from any index on, of a file whose name is in capitals', async () => {
  const input = await open(files.write('CAPITALS.CSV', 'id\n0\n1\n2\n3\n'))
  expect(await Array.fromAsync(input.items(1, 3))).toEqual([{ id: '1' }, { id: '2' }])
  expect(await input.reader().read(3, 2)).toEqual([{ id: '3' }])
})

test('a byte order mark, empty lines, mixed line ends and a missing last one change nothing', async () => {
  expect(await all(files.write('mixed.csv', '\uFEFF\r\nid,name\r\n1,a\n\n2,b\r\n\r\n3,c\r4,"d"'))).toEqual([
    { id: '1', name: 'a' },
    { id: '2', name: 'b' },
    { id: '3', name: 'c' },
    { id: '4', name: 'd' },
  ])
})

test('a column named like a part of every object is a column', async () => {
  expect(await all(files.write('proto.csv', '__proto__,constructor\n1,2\n'))).toEqual([JSON.parse('{"__proto__":"1","constructor":"2"}')])
})

const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`
const field = fc.string({ unit: fc.constantFrom('a', 'ü', '😀', '"', ',', '\n', '\r', ' ', ';') })

test('any fields survive, wherever the pieces of the file are cut', async () => {
  const tables = fc.tuple(fc.array(fc.tuple(field, field, field)), fc.constantFrom('\n', '\r\n'), fc.integer({ min: 65_480, max: 65_540 }))
  await fc.assert(
    fc.asyncProperty(tables, async ([rows, lineEnd, padding]) => {
      const padded = [['x'.repeat(padding), '', ''], ...rows]
      const lines = padded.map((row) => row.map(quoted).join(','))
      const read = await all(files.write('any.csv', ['a,b,c', ...lines].join(lineEnd)))
      expect(read).toEqual(padded.map(([a, b, c]) => ({ a, b, c })))
    }),
    { numRuns: 100 },
  )
})

test.each([
  ['2,b', 'found 2 fields, expected 3'],
  ['2', 'found 1 field, expected 3'],
  ['2,b,c,d', 'found 4 fields, expected 3'],
])('a ragged row (%s) is named with its line, after the items before it', async (row, message) => {
  const file = files.write('ragged.csv', `id,name,city\n1,a,"x\ny"\n\n${row}\n3,c,z\n`)
  const input = await open(file)
  expect(await Array.fromAsync(input.items(0, 1))).toEqual([{ id: '1', name: 'a', city: 'x\ny' }])
  const problem = await problemOf(input.hash(2))
  expect(problem.message).toBe(`${file}:5: ${message}`)
  expect(problem).toMatchObject({ name: 'InputError', code: 'INPUT_INVALID', exitCode: 2 })
  expect(problem.hint).toContain('as many fields')
})

test('the line of a ragged row is right after any rows, in any piece of the file', async () => {
  const shape = fc.record({
    rows: fc.array(fc.tuple(field, field), { maxLength: 30 }),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    mark: fc.boolean(),
    padding: fc.constantFrom(0, 65_500, 65_520, 65_536, 140_000),
  })
  await fc.assert(
    fc.asyncProperty(shape, async ({ rows, lineEnd, mark, padding }) => {
      const before = ['a,b', ...rows.map((row) => row.map(quoted).join(',')), `${'x'.repeat(padding)},`, ''].join(lineEnd)
      const file = files.write('anywhere.csv', `${mark ? '\uFEFF' : ''}${before}${lineEnd}only${lineEnd}`)
      const line = 1 + (before + lineEnd).split(/\r\n|\r|\n/).length - 1
      expect((await problemOf(all(file))).message).toBe(`${file}:${line}: found 1 field, expected 2`)
    }),
    { numRuns: 100 },
  )
})

test.each([
  ['id,name\r\n1,"a\r\nb"\r\n\r\n2,"c\r\n3,d\r\n', 5, 'a quoted field begins here and is never closed'],
  ['id,name\n1,a\n2,"b" c\n3,d\n', 3, 'a quoted field begins here and has text after its closing quote'],
  ['id,name\n1,a\n2,b "c"\n', 3, 'a field has a quote in the middle'],
  ['id,name\n\n"1,a\n2,"b"\n', 3, 'a quoted field begins here and has text after its closing quote'],
])('a broken quote is named with the line of its field: %j', async (content, line, message) => {
  const file = files.write('quotes.csv', content)
  const problem = await problemOf(all(file))
  expect(problem.message).toBe(`${file}:${line}: ${message}`)
  expect(problem.hint).toContain('double each quote inside it')
})

test.each(['3,"c\n', '3,"c" d\n4,e\n', '"'])(
  'rows before a broken quote are handed out, although they were parsed with it: %j',
  async (end) => {
    const input = await open(files.write('late.csv', `id,name\n1,a\n2,b\n${end}`))
    expect(await Array.fromAsync(input.items(0, 2))).toEqual([
      { id: '1', name: 'a' },
      { id: '2', name: 'b' },
    ])
    expect(await input.hash(2)).toMatch(/^[0-9a-f]{64}$/)
  },
)

test('a quote that swallows the rest of a large file is refused before it fills the memory', async () => {
  const file = files.write('swallowed.csv', `id\n1\n"${'2\n'.repeat(9 * 2 ** 20)}`)
  expect((await problemOf(all(file))).message).toBe(`${file}:3: a record of more than 16 MiB begins here`)
})

test('columns select and order', async () => {
  const file = files.write('columns.csv', 'id,name,city\n1,a,x\n')
  const [item] = await all(file, ['city', 'id'])
  expect(JSON.stringify(item)).toBe('{"city":"x","id":"1"}')
})

test('columns that are left out change the hash only if they are read', async () => {
  const one = await open(files.write('one.csv', 'id,note\n1,a\n'), ['id'])
  const two = await open(files.write('two.csv', 'note,id\nb,1\n'), ['id'])
  expect(await one.hash(1)).toBe(await two.hash(1))
  expect(await (await open(files.write('one.csv', 'id,note\n1,a\n'))).hash(1)).not.toBe(await one.hash(1))
})

test('an unknown column is named with the nearest', async () => {
  const file = files.write('unknown.csv', 'id,name,city\n1,a,x\n')
  const problem = await problemOf(open(file, ['id', 'nmae']))
  expect(problem.message).toBe(`${file} has no column "nmae"; did you mean "name"?`)
  expect(problem.hint).toBe('Its columns are: id, name, city')
})

test('two columns of one name are refused', async () => {
  const file = files.write('twice.csv', '\nid,name,id\n1,a,2\n')
  expect((await problemOf(open(file))).message).toBe(`${file}:2: two columns are named "id"`)
})

test.each(['', '\n\r\n', '\uFEFF'])('an empty file is refused: %j', async (content) => {
  const file = files.write('empty.csv', content)
  expect((await problemOf(open(file))).message).toBe(`The input file ${file} is empty`)
})

test('a file of a header alone has no items', async () => {
  const file = files.write('header.csv', 'id,name\n')
  const problem = await problemOf((await open(file)).hash(1))
  expect(problem.message).toBe(`${file} has 0 items, but 1 are needed`)
})

test('a missing file and a file that is not UTF-8 are told as for every input', async () => {
  expect((await problemOf(open('/nowhere/places.csv'))).message).toBe('There is no input file /nowhere/places.csv')
  const file = files.write('latin1.csv', Buffer.from('id,city\n1,Bern\n2,Zürich\n', 'latin1'))
  expect((await problemOf(all(file))).message).toBe(`${file}:3: not UTF-8`)
})

test('no file stays open: after a stream that ended, was left, or failed', async () => {
  const file = files.write('handles.csv', 'id,name\n1,a\n2,b\n3\n')
  const input = await open(file)
  expect(descriptorsOn(file)).toBe(0)
  for await (const item of input.items(0, 3)) {
    expect(item).toEqual({ id: '1', name: 'a' })
    expect(descriptorsOn(file)).toBe(1)
    break
  }
  expect(descriptorsOn(file)).toBe(0)
  await problemOf(input.hash(3))
  expect(descriptorsOn(file)).toBe(0)
})

test.each([
  ['semicolon.csv', 'id;name\n1;Zuerich\n', 'a semicolon', 'delimiter: ";"'],
  ['cells.csv', 'id;name\n1;Zuerich, Altstadt\n', 'a semicolon', 'delimiter: ";"'],
  ['tab.csv', 'id\tname\n1\tBern\n', 'a tab', 'delimiter: "\\t"'],
  ['bar.csv', 'id|name\n1|Bern\n', 'a vertical bar', 'delimiter: "|"'],
])('another separator is named with the option to write (case 2): %s', async (name, text, separator, option) => {
  const { message, hint } = await problemOf(open(files.write(name, text)))
  expect(message).toContain(`is separated by ${separator}`)
  expect(hint).toContain(option)
})

test('a file is read with the delimiter of the plan (case 2)', async () => {
  const file = files.write('delimited.csv', 'id;name\n1;"a;b"\n2;Zuerich, Altstadt\n')
  const input = await openInput({ kind: 'file', file, delimiter: ';' }, 1)
  expect(await Array.fromAsync(input.items(0, 2))).toEqual([
    { id: '1', name: 'a;b' },
    { id: '2', name: 'Zuerich, Altstadt' },
  ])
})

test.each([
  ['array.csv', '[{"id":1}]', 'it begins like JSON'],
  ['page.csv', '<!DOCTYPE html>\n<html>', 'it begins like HTML or XML'],
  ['unnamed.csv', 'id,,name\n1,2,3\n', 'column 2 has no name'],
  ['nameless.csv', ',,\n1,2,3\n', 'names no columns'],
])('a file of another shape is refused (case 2): %s', async (name, text, message) => {
  expect((await problemOf(open(files.write(name, text)))).message).toContain(message)
})

test('empty columns at the end are left out (case 3)', async () => {
  expect(await all(files.write('trailing.csv', 'id,name,,\n1,a,,\n2,b\n'))).toEqual([
    { id: '1', name: 'a' },
    { id: '2', name: 'b' },
  ])
})

test.each([
  ['id,name,,\n1,a,,\n2,b,c,\n', 'filled.csv:1: column 3 has no name, and line 3 has "c" in it'],
  ['name,\nParis,2\n', 'filled.csv:1: column 2 has no name, and line 2 has "2" in it'],
  ['\n\nname,,\n"a\nb",,d\n', 'filled.csv:3: column 3 has no name, and line 4 has "d" in it'],
  ['name,\nParis,2,3\n', 'filled.csv:2: found 3 fields, expected 1'],
])('text in a column without a name is said, and that the first row lacks it (case 3): %j', async (text, message) => {
  const input = await open(files.write('filled.csv', text))
  expect((await problemOf(Array.fromAsync(input.items(0, 2)))).message).toMatch(new RegExp(`${message}$`))
})
