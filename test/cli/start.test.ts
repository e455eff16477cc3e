import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Report } from '../../src/index.ts'
import { makePlace, planOf, type Place } from './commandLine.ts'

let place: Place
beforeAll(async () => {
  place = await makePlace({ 'skill.mjs': 'export default (items) => items' })
})
afterAll(() => place.remove())

test('init writes a plan and a skill which run as they are, and nothing over what is there', async () => {
  const made = await place.troupe(['init', 'mine'])
  expect(made).toEqual({
    code: 0,
    stdout:
      'made mine/plan.yaml, mine/skill.mjs, mine/plan.schema.json\n\ncheck it: troupe plan mine/plan.yaml\nrun it:   troupe run mine/plan.yaml\n',
    stderr: '',
  })
  const ran = await place.troupe(['run', 'mine/plan.yaml', '--memory', '--json', '--quiet'])
  expect([ran.code, ran.stderr]).toEqual([0, ''])
  const { verdict, scenarios } = JSON.parse(ran.stdout) as Report
  expect(verdict).toEqual({ status: 'pass', reasons: ['complex: quality 1.000, at least 0.8 is expected'] })
  expect(scenarios.map(({ items }) => items)).toEqual([100, 300, 800])

  await place.write({ 'mine/plan.yaml': '# my own work' })
  const again = await place.troupe(['init', 'mine'])
  expect(again.code).toBe(2)
  expect(again.stderr).toBe(
    'error: mine/plan.yaml, mine/skill.mjs, and mine/plan.schema.json exist already (FILES_EXIST)\nhint: Give another directory: troupe init DIR. Nothing was written\n',
  )
  expect(await readFile(join(place.directory, 'mine/plan.yaml'), 'utf8')).toBe('# my own work')
})

test("(first hour 11) plans and skills in TypeScript or ESM run without Node's warning where package.json names no type of module", async () => {
  const skill = 'export default (items) => items'
  const plan = "export default { name: 'typed', skill: './skill.ts', scenarios: { only: { size: 10 } } }"
  await mkdir(join(place.directory, 'typeless'))
  await place.write({
    'typeless/package.json': '{ "name": "mine" }',
    'typeless/skill.ts': 'export default (items: readonly unknown[]) => items',
    'typeless/skill.js': skill,
    'typeless/plan.ts': plan,
    'typeless/inline.js': plan.replace("'./skill.ts'", "{ kind: 'function', module: './skill.js', isolation: 'inline' }"),
    // What a plan warns of itself is its author's business.
    'typeless/warns.ts': `process.emitWarning('mine')\n${plan}`,
  })
  for (const file of ['skill.ts', 'skill.js', 'plan.ts', 'inline.js']) {
    const { code, stderr } = await place.troupe(['run', `typeless/${file}`, '--memory', '--quiet'])
    expect({ file, code, stderr }).toEqual({ file, code: 0, stderr: '' })
  }
  const { stderr } = await place.troupe(['plan', 'typeless/warns.ts'])
  expect(stderr).toMatch(/^\(node:\d+\) Warning: mine\n/)
  expect(stderr).not.toContain('MODULE_TYPELESS')
})

test('editors find the schema beside the plan', async () => {
  await place.troupe(['init', 'yours'])
  const [plan, schema, printed] = await Promise.all([
    readFile(join(place.directory, 'yours/plan.yaml'), 'utf8'),
    readFile(join(place.directory, 'yours/plan.schema.json'), 'utf8'),
    place.troupe(['schema']),
  ])
  expect(plan.split('\n')[0]).toBe('# yaml-language-server: $schema=./plan.schema.json')
  expect(schema).toBe(printed.stdout)
  const { properties } = JSON.parse(schema) as { properties: object }
  for (const key of Object.keys(parse(plan) as object)) expect(properties).toHaveProperty(key)
})

test('plan says what would run, and runs nothing', async () => {
  await place.write({
    'plan.json': planOf({
      input: { generator: 'zipf', seed: 7 },
      sync: { mode: 'milestone', at: [50, 100] },
      scenarios: {
        small: { size: 15 },
        large: { size: 45, batchSize: 20, parallel: 2, errorTolerance: 0.1, expectedQuality: 'good', timeBudgetMs: 90_000 },
      },
    }),
  })
  const { code, stdout, stderr } = await place.troupe(['plan', 'plan.json'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const [name, skill, input, order, fingerprint, , ...table] = stdout.trimEnd().split('\n')
  const next = table.pop()
  expect([name, skill, input]).toEqual(['plan demo: plan.json is valid', 'skill: skill.mjs, process', 'input: zipf, seed 7'])
  expect(order).toBe('2 scenarios at the same time, waiting for each other at 50, 100 %')
  expect(fingerprint).toMatch(/^fingerprint: [0-9a-f]{64}$/)
  expect(table.map((line) => line.split(/ {2,}/))).toEqual([
    ['scenario', 'items', 'batches', 'batch size', 'parallel', 'budget', 'memory'],
    ['small', '15', '2', '10', '1', '–', '1024 MB'],
    ['large', '45', '3', '20', '2', '1 min 30 s', '1024 MB'],
    [''],
    ['scenario', 'tolerated failures', 'quality'],
    ['small', '5 %', '–'],
    ['large', '10 %', '≥ 0.8'],
    [''],
  ])
  expect(next).toBe('Run it with: troupe run plan.json')
  const json = JSON.parse((await place.troupe(['plan', 'plan.json', '--json'])).stdout) as { fingerprint: string }
  expect(`fingerprint: ${json.fingerprint}`).toBe(fingerprint)
})

test('plan takes the options of run that change a plan', async () => {
  const { stdout } = await place.troupe(['plan', 'skill.mjs', '--ladder', '--size', '10', '--json'])
  const { plan } = JSON.parse(stdout) as { plan: { order: string; repetitions: number; scenarios: { size: number }[] } }
  expect(plan).toMatchObject({ order: 'serial', repetitions: 2 })
  expect(plan.scenarios.map(({ size }) => size)).toEqual([10, 20, 40, 80, 160, 320, 640])
})

test('a skill that cannot be loaded, and an input that is too short, are found by plan', async () => {
  await place.write({
    'broken.mjs': 'export default 7',
    'broken.json': planOf({ skill: './broken.mjs' }),
    'short.jsonl': '1\n2\n',
    'short.json': planOf({ input: { file: 'short.jsonl' } }),
  })
  for (const file of ['broken.json', 'short.json']) {
    const { code, stderr } = await place.troupe(['plan', file])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error: .*\nhint: .*\n$/)
  }
})
