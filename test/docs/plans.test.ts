import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { page, withTables } from '../../docs/generatePlans.ts'

test('the tables of docs/plans.md say what the schema of plans says (node docs/generatePlans.ts makes them anew)', async () => {
  const text = await readFile(page, 'utf8')
  expect(withTables(text)).toBe(text)
})

test('a table carries value, default and meaning of a key', async () => {
  const text = await readFile(page, 'utf8')
  expect(text).toContain('| `batchSize` | a whole number ≥ 1 | `10` | Items per batch of every scenario.')
  expect(text).toContain('| `name` | a name of at most 63 lower-case letters, digits and hyphens')
  expect(text).toContain('| `module` | the path of a module | required |')
})
