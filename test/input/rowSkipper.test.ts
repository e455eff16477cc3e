import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CsvRow, readRows } from '../../src/input/csvRows.ts'
import { openInput } from '../../src/input/input.ts'
import { RowSkipper } from '../../src/input/rowSkipper.ts'
import { inputFiles } from './inputFiles.ts'

const files = inputFiles()

/** What lies behind so many rows of a text that comes in pieces; `null` where the parser has to say it. */
function behind(rows: number, ...pieces: string[]): string | null {
  const skipper = new RowSkipper(rows, ',')
  const rest = pieces.map((piece) => skipper.rest(piece)).join('')
  return skipper.isLost ? null : rest
}

describe('what lies behind the first rows (case 6)', () => {
  test.each([
    [0, ['a,b\n1,2\n'], 'a,b\n1,2\n'],
    [1, ['a,b\n1,2\n'], '1,2\n'],
    [2, ['a,b\n1,2\n3,4'], '3,4'],
    [2, ['a,b\n1,2'], ''],
    [2, ['\n\r\na,b\r\n\n1,2\r3,4'], '3,4'],
    [1, ['a,b\r', '\n1,2\n'], '\n1,2\n'],
    [1, [',\n1'], '1'],
    [1, ['""\n1'], '1'],
    [1, [' \n1'], '1'],
    [1, ['"a\nb","c\r\nd"\n1'], '1'],
    [1, ['"a ""b""\nc"\n1'], '1'],
    [1, ['"a"', '"\nb"', '\n1'], '1'],
    [1, ['"a"', '\n1'], '1'],
    [1, ['"a', 'b\nc', '"\n', '1'], '1'],
    [1, ['a\n', '"1'], '"1'],
  ])('%i rows of %j', (rows, pieces, rest) => expect(behind(rows, ...pieces)).toBe(rest))

  test.each([['a"b\n1'], ['"a"b\n1'], ['"a" \n1'], ['"a""b" c\n1']])('a quote that is out of place: %j', (text) => {
    expect(behind(1, text)).toBeNull()
    expect(behind(1, ...text)).toBeNull()
  })

  test('the delimiter is that of the plan', () => {
    expect(new RowSkipper(1, ';').rest('"a";"b\n"\n1')).toBe('1')
    expect(new RowSkipper(1, ';').rest('a,"b"\n1')).toBe('')
  })
})

/** Rows, and how the reading ended. */
async function read(file: string, from?: number): Promise<{ rows: CsvRow[]; end: string }> {
  const rows: CsvRow[] = []
  try {
    for await (const row of readRows(file, ',', { from })) rows.push(row)
    return { rows, end: 'well' }
  } catch (error) {
    return { rows, end: String(error) }
  }
}

test('(case 6) rows that are passed over are those that the parser finds, in any text, broken or whole, wherever it is cut', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ü', '"', '""', '"a"', ',', '\n', '\r', '\r\n', ' '), maxLength: 40 })
  const padding = fc.constantFrom('', `${'x'.repeat(65_520)},\n`, `"${'x\n'.repeat(32_760)}"\n`)
  await fc.assert(
    fc.asyncProperty(text, padding, text, fc.boolean(), fc.nat(12), async (before, padding, after, mark, from) => {
      const file = files.write('any.csv', (mark ? '\ufeff' : '') + before + padding + after)
      const whole = await read(file)
      const { rows, end } = await read(file, from)
      expect({ rows: rows.map(placeOf), end }).toEqual({
        rows: whole.rows.filter(({ index }) => index >= from).map(placeOf),
        end: whole.end,
      })
    }),
    { numRuns: 200 },
  )
})

/** Where a row begins is known up to line breaks, which `lineAt` passes over. */
const placeOf = ({ index, fields }: CsvRow) => ({ index, fields })

test('(case 6) a ragged row behind those that are passed over is named with its line', async () => {
  const file = files.write('ragged.csv', `\ufeffid,name\n1,"${'ü'.repeat(50)}\n"\n2,b\n\n3\n`)
  const input = await openInput({ kind: 'file', file }, 3)
  await expect(Array.fromAsync(input.items(1, 3))).rejects.toThrow(`${file}:6: found 1 field, expected 2`)
})

test('(case 6) so is a broken one', async () => {
  const file = files.write('broken.csv', `id,name\n1,"${'ü'.repeat(50)}\n"\n2,b\n3,"c\n`)
  expect((await read(file, 2)).end).toContain(`${file}:5: a quoted field begins here and is never closed`)
})

test('(case 6) after a quote that is out of place nothing is passed over, however much text follows', async () => {
  const file = files.write('misplaced.csv', `id\n1"2\n${'3\n'.repeat(50_000)}`)
  const { rows, end } = await read(file, 3)
  expect(rows).toEqual([])
  expect(end).toContain(`${file}:2: a field has a quote in the middle`)
})
