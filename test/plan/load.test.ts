import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { PlanError, PlanModuleError, PlanUnreadableError } from '../../src/errors.ts'
import { loadPlan } from '../../src/plan.ts'
import { directoryWith } from './directory.ts'

const asYaml = 'name: places\nskill: ./skill.mjs\nscenarios:\n  small: { size: 5 }\n  big: { size: 50 }\n'
const asJson =
  '{"$schema":"https://example.org/plan.json","name":"places","skill":"./skill.mjs","scenarios":{"small":{"size":5},"big":{"size":50}}}'

async function rejection(name: string, text: string): Promise<unknown> {
  const directory = directoryWith({ [name]: text })
  return loadPlan(join(directory, name)).catch((error: unknown) => error)
}

async function placesOf(name: string, text: string) {
  const error = await rejection(name, text)
  if (!(error instanceof PlanError)) throw error
  return error.problems.map(({ line, path }) => [line, path])
}

test('YAML, JSON and modules make the same plan', async () => {
  const directory = directoryWith({
    'p.yaml': asYaml,
    'p.yml': asYaml,
    'p.json': asJson,
    'p.mjs': `export default ${asJson}`,
    'p.ts': `export default ${asJson} as object`,
  })
  const [first, ...others] = await Promise.all(
    ['p.yaml', 'p.yml', 'p.json', 'p.mjs', 'p.ts'].map(async (name) => ({ ...(await loadPlan(join(directory, name))), file: '' })),
  )
  expect(first!.plan.scenarios.map(({ name, size }) => [name, size])).toEqual([
    ['small', 5],
    ['big', 50],
  ])
  expect(first!.plan.directory).toBe(directory)
  for (const other of others) expect(other).toEqual(first)
})

test('a skill module runs with all defaults, under the name of its file', async () => {
  const directory = directoryWith({ 'Find_Duplicates 2.mjs': 'export default async (items) => items' })
  const file = join(directory, 'Find_Duplicates 2.mjs')
  const { plan } = await loadPlan(file, { only: ['simple'] })
  expect(plan.name).toBe('find-duplicates-2')
  expect(plan.variants.default).toMatchObject({ kind: 'function', module: file })
  expect(plan.scenarios.map(({ name }) => name)).toEqual(['simple'])
})

test('a function stays beside the plan', async () => {
  const text = `export default { name: 'x', skill: './skill.mjs', synthesize: (claims) => claims.length }`
  const { plan, functions } = await loadPlan(join(directoryWith({ 'p.mjs': text }), 'p.mjs'))
  expect(plan.synthesize).toBeNull()
  expect(functions.synthesize!([1, 2, 3])).toBe(3)
})

test('problems of YAML and JSON have lines', async () => {
  const yaml =
    'name: x\nskill: ./skill.mjs\nscenarios:\n  medium:\n    batchSize: ten\n    batchsize: 3\nsync:\n  at:\n    - 30\n    - 20\n'
  expect(await placesOf('p.yaml', yaml)).toEqual([
    [5, 'scenarios.medium.batchSize'],
    [6, 'scenarios.medium.batchsize'],
    [10, 'sync.at[1]'],
  ])
  expect(await placesOf('p.json', '{\n\t"name": "x",\n\t"skill": "./skill.mjs",\n\t"retry": {\n\t\t"attempts": 0 }}')).toEqual([
    [5, 'retry.attempts'],
  ])
  expect(await placesOf('p.yaml', 'nme: x\nskill: ./skill.mjs\nname: x\nmilestones: [9, 3]\norder: cereal\n')).toEqual([
    [1, 'nme'],
    [4, 'milestones[1]'],
    [5, 'order'],
  ])
  const anchored = 'variants:\n  a: &a\n    kind: none\n    module: ./skill.mjs\n  b: *a\nname: x\n'
  expect(await placesOf('p.yaml', anchored)).toEqual([
    [3, 'variants.a.kind'],
    [3, 'variants.b.kind'],
  ])
})

test.each([
  ['p.yaml', 'name: x\nskill: [a\n', /:3 not valid YAML at column 1: Flow sequence/],
  ['p.yaml', 'name: x\nname: y\n', /:2 not valid YAML at column 1: Map keys must be unique$/],
  ['p.yaml', '', /: found nothing, expected a plan/],
  ['p.json', '{\n  "name": bad\n}', /:2 not valid JSON at column 11: Unexpected token 'b'$/],
  [
    'p.json',
    '{\n  "name": "a rather long name, so that V8 cuts",\n  "skill": wrong, "more": "text behind it"\n}',
    /:3 not valid JSON at column 12: Unexpected token 'w'$/,
  ],
  ['p.json', '{\n  "name": "x"', /:2 not valid JSON at column 14: Expected ',' or '}' after property value$/],
  ['p.json', '', /:1 not valid JSON at column 1: Unexpected end/],
  ['p.json', '{\n"name": "x",\n"name": "y"\n}', /:3 not valid JSON at column 1: the same key is written twice$/],
])('%s with broken syntax %j', async (name, text, message) => {
  const error = await rejection(name, text)
  expect(error).toBeInstanceOf(PlanError)
  expect(error).toMatchObject({ message: expect.stringMatching(message), exitCode: 2 })
})

test('aliases that unfold without end are refused', async () => {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`)
  const error = await rejection('p.yaml', ['l0: &l0 [1]', ...levels].join('\n'))
  expect(error).toMatchObject({ code: 'PLAN_INVALID', message: expect.stringMatching(/not usable YAML: Excessive alias count/) })
})

test('a module that throws keeps its cause', async () => {
  const error = await rejection('p.mjs', 'throw new RangeError("no luck")')
  expect(error).toBeInstanceOf(PlanModuleError)
  expect(error).toMatchObject({ message: expect.stringMatching(/p\.mjs failed when it was loaded: no luck, at .*p\.mjs:1$/), exitCode: 2 })
  expect(error).toHaveProperty('cause.message', 'no luck')
})

test('problems of a plan that a module writes have lines (first hour 5)', async () => {
  const text = "export default {\n  name: 'x',\n  skill: './skill.mjs',\n  scenarios: {\n    all: { size: '30' },\n  },\n  nothing: 1,\n}\n"
  expect(await placesOf('p.mjs', text)).toEqual([
    [5, 'scenarios.all.size'],
    [7, 'nothing'],
  ])
})

test('a module without default export names what it exports', async () => {
  const error = await rejection('p.mjs', 'export const skill = 1')
  expect(error).toMatchObject({ code: 'PLAN_MODULE_FAILED', message: expect.stringMatching(/has no default export; it exports skill$/) })
})

test('files that are not there, or no plan', async () => {
  const directory = directoryWith({ 'plan.yaml': asYaml, 'plan.toml': '' })
  const message = async (name: string) => {
    const error = await loadPlan(join(directory, name)).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(PlanUnreadableError)
    return String(error).replaceAll(directory, '')
  }
  expect(await message('plan.yml')).toMatch(/There is no plan \/plan.yml; did you mean plan.yaml\?$/)
  expect(await message('plan.toml')).toMatch(/plan.toml is no plan: expected a file that ends in /)
  expect(await message('')).toMatch(/is a directory, expected a plan or a skill module$/)
})

test('Node itself loads a plan in TypeScript', async () => {
  const plan = `
    import { definePlan, type PlanInput } from ${JSON.stringify(resolve('src/plan.ts'))}
    const plan: PlanInput = { name: 'typed', skill: './skill.mjs', synthesize: (claims) => claims.length }
    export default definePlan(plan)
  `
  const directory = directoryWith({ 'plan.ts': plan })
  const script = `
    const { loadPlan } = await import(${JSON.stringify(resolve('src/plan.ts'))})
    const { plan, functions } = await loadPlan('plan.ts')
    console.log(plan.name, typeof functions.synthesize)
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { cwd: directory })
  expect(stdout).toBe('typed function\n')
})
