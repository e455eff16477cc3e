import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { trySkill } from '../../src/host/trySkill.ts'
import { normalizePlan } from '../../src/plan.ts'

const SKILL = `
export default async (items, { idempotencyKey, params, batch, attempt, log }) => {
  if (items[0].n === 2) throw new TypeError('no name in item', { cause: new Error('deep') })
  log('seen', { batch })
  return { results: items.map(({ n }) => ({ n, idempotencyKey, params, batch, attempt })), quality: 0.5, usage: { tokens: 3 } }
}
`
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'troupe-try-'))
  await writeFile(join(directory, 'skill.mjs'), SKILL)
  await writeFile(join(directory, 'items.jsonl'), '{"n":0}\n{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n')
})
afterAll(() => rm(directory, { recursive: true }))

const load = (written: object = {}) => ({
  functions: {},
  plan: normalizePlan(
    {
      name: 'x',
      skill: './skill.mjs',
      input: { file: './items.jsonl' },
      batchSize: 2,
      scenarios: { small: { size: 3 }, large: { size: 5, params: { model: 'big' } } },
      ...written,
    },
    { directory },
  ),
})

test('one item goes through the skill with the parameters of the first scenario that has it', async () => {
  const logged: unknown[] = []
  const tried = await trySkill(load(), { item: 3, log: (message, data) => logged.push({ message, data }) })
  expect(tried).toEqual({
    variant: 'default',
    scenario: 'large',
    item: 3,
    input: { n: 3 },
    outcome: {
      kind: 'result',
      result: { n: 3, idempotencyKey: expect.any(String), params: { model: 'big' }, batch: 1, attempt: 1 },
      quality: { accuracy: 0.5 },
      usage: { tokens: 3 },
      activeMs: expect.any(Number),
    },
  })
  expect(logged).toMatchObject([{ message: 'seen', data: { batch: 1 } }])
})

test('two tries never have the same idempotency key, which no run has', async () => {
  const keyOf = async () => {
    const { outcome } = await trySkill(load(), { item: 1 })
    return outcome.kind === 'result' ? (outcome.result as { idempotencyKey: string }).idempotencyKey : null
  }
  const keys = [await keyOf(), await keyOf()]
  expect(new Set(keys).size).toBe(2)
  for (const key of keys) expect(key).toMatch(/^try-[0-9a-z]{8}\/default\/small\/1\/1-2$/)
})

test('an error is the one that the skill threw, with its stack and its cause', async () => {
  const { outcome } = await trySkill(load(), { item: 2 })
  expect(outcome).toMatchObject({ kind: 'error', error: { name: 'TypeError', message: 'no name in item', cause: { message: 'deep' } } })
  const { error } = outcome as { error: Error }
  expect(error.stack).toMatch(/skill\.mjs:3:\d+/)
})

test.for([
  [{ item: 5 }, 'The plan has no item 5', 'Give a whole number from 0 to 4'],
  [{ item: 3, scenario: 'small' }, 'Scenario "small" has no item 3', 'Give a whole number from 0 to 2'],
  [{ item: 0.5 }, 'The plan has no item 0.5', 'Give a whole number from 0 to 4'],
  [{ scenario: 'smal' }, 'The plan has no scenario "smal"', 'Did you mean small?'],
  [{ variant: 'zzzzzz' }, 'The plan has no variant "zzzzzz"', 'It has default'],
] as const)('%o is refused', async ([options, message, hint]) => {
  await expect(trySkill(load(), options)).rejects.toMatchObject({ code: 'USAGE', exitCode: 2, message, hint })
})

test('a command is run as it is', async () => {
  const skill = { kind: 'command', command: ['cat'], stdin: 'jsonl', stdout: 'jsonl' }
  expect(await trySkill(load({ skill }), { item: 4 })).toMatchObject({ outcome: { kind: 'result', result: { n: 4 } } })
})
