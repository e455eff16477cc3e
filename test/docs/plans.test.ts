import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { page, withTables } from '../../docs/generatePlans.ts'

test('the tables of docs/plans.md say what the schema of plans says (node docs/generatePlans.ts makes them anew)', async () => {
  const text = await readFile(page, 'utf8')
  expect(withTables(text)).toBe(text)
})

test('a table carries value, default and meaning of a key', async () => {
  const rows = (await readFile(page, 'utf8')).split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  expect(rows).toContainEqual([
    '',
    '`graceMs`',
    'a whole number from 0 to 31536000000',
    '`1000`',
    expect.stringContaining('Time in ms'),
    '',
  ])
  expect(rows).toContainEqual(['', '`module`', 'the path of a module', 'required', 'Path, relative to the plan.', ''])
})
