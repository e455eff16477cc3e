import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PlanError } from '../../src/errors.ts'
import { normalizePlan } from '../../src/plan.ts'
import { directoryWith } from './directory.ts'

const normal = (skill: unknown, more: object = {}, directory = directoryWith()) =>
  normalizePlan({ name: 'x', skill, ...more }, { directory })

function problems(skill: unknown): string[] {
  try {
    normal(skill)
  } catch (error) {
    if (error instanceof PlanError) return error.problems.map(({ path, message }) => `${path}: ${message}`)
    throw error
  }
  return []
}

const http = { kind: 'http', url: 'http://127.0.0.1:8080/score' }
const command = { kind: 'command', command: 'sort' }
const ofCall =
  '${params}, ${run}, ${variant}, ${scenario}, ${repetition}, ${batch}, ${attempt}, ${idempotencyKey}, ${difficulty}, ${size}, ${env:NAME}'

test('an http skill gets every default', () => {
  expect(normal(http).variants.default).toEqual({
    kind: 'http',
    url: 'http://127.0.0.1:8080/score',
    mode: 'batch',
    method: 'POST',
    headers: {},
    body: { items: '${items}' },
    result: '${body}',
    concurrency: 4,
    version: null,
    params: {},
  })
})

test.each([
  [{ mode: 'item' }, '${item}'],
  [{ method: 'GET' }, null],
  [{ method: 'HEAD' }, null],
  [{ method: 'DELETE' }, null],
  [{ method: 'DELETE', body: 'all' }, 'all'],
  [{ body: { q: 1 } }, { q: 1 }],
])('with %j it sends %j', (written, body) => {
  expect(normal({ ...http, ...written }).variants.default).toMatchObject({ body })
})

test('a command gets every default, and runs beside its plan', () => {
  const { directory, variants } = normal(command)
  expect(variants.default).toEqual({
    kind: 'command',
    command: 'sort',
    mode: 'batch',
    cwd: directory,
    env: {},
    stdin: 'jsonl',
    stdout: 'jsonl',
    exitCodes: {},
    version: null,
    params: {},
  })
})

test('the directory of a command is found from the plan', () => {
  const directory = directoryWith()
  mkdirSync(join(directory, 'inner'))
  expect(normal({ ...command, cwd: './inner' }, {}, directory).variants.default).toMatchObject({ cwd: join(directory, 'inner') })
})

test('names of environment variables in templates are secrets', () => {
  const variants = {
    a: { ...http, url: 'http://a/?key=${env:KEY}', headers: { Authorization: 'Bearer ${env:TOKEN}' }, body: { a: ['${env:DEEP}'] } },
    b: { ...command, command: ['run', '${env:ARGUMENT}'], env: { X: 'a${env:INNER}b', Y: '$${env:NONE}' } },
  }
  const { secrets } = normal(undefined, { variants, secrets: ['OWN', 'TOKEN'] })
  expect(secrets.toSorted()).toEqual(['ARGUMENT', 'DEEP', 'INNER', 'KEY', 'OWN', 'TOKEN'])
})

test.each<[string, object, string[]]>([
  [
    'an unknown place',
    { ...http, headers: { 'X-A': '${itms.a}' } },
    [`skill.headers.X-A: found \${itms.a}, expected one of \${items}, ${ofCall}; did you mean items?`],
  ],
  [
    'an item of a batch',
    { ...http, body: { of: ['${item.name}'] } },
    [`skill.body.of[0]: found \${item.name}, expected one of \${items}, ${ofCall}; did you mean items?`],
  ],
  [
    'items of an item',
    { ...http, mode: 'item', url: 'http://a/${items}' },
    [`skill.url: found \${items}, expected one of \${item}, ${ofCall}; did you mean item?`],
  ],
  [
    'a secret among results',
    { ...http, result: { token: '${env:TOKEN}' } },
    ['skill.result.token: found ${env:TOKEN}, expected one of ${body}, ${status}, ${headers}, ${items}'],
  ],
  [
    'a place that is no path',
    { ...http, url: 'http://a/${item name}' },
    ['skill.url: ${item name} is neither a path such as ${item.name} nor ${env:NAME}'],
  ],
  [
    'a variable that can have no such name',
    { ...command, env: { A: '${env:1}' } },
    ['skill.env.A: ${env:1} is neither a path such as ${item.name} nor ${env:NAME}'],
  ],
  ['items on a command line', { ...command, command: 'sort ${items}' }, [`skill.command: found \${items}, expected one of ${ofCall}`]],
  ['a body with GET', { ...http, method: 'GET', body: { a: 1 } }, ['skill.body: found a body with method GET, expected none']],
  [
    'a function as the body with GET',
    { ...http, method: 'GET', body: () => 1 },
    ['skill.body: found a body with method GET, expected none'],
  ],
  [
    'an address without http',
    { ...http, url: '127.0.0.1/score' },
    ['skill.url: found "127.0.0.1/score", expected an address that begins with http:// or https://'],
  ],
  ['an exit code that is none', { ...command, exitCodes: { nil: 'critical' } }, exitCode('nil')],
  ['an exit code above all', { ...command, exitCodes: { 256: 'critical' } }, exitCode('256')],
  ['the exit code of success', { ...command, exitCodes: { 0: 'critical' } }, exitCode('0')],
  [
    'no command',
    { ...command, command: [] },
    ['skill.command: found [], expected a non-empty string, or a non-empty list of non-empty strings'],
  ],
  ['a slip', { ...http, concurency: 2 }, ['skill.concurency: unknown key; did you mean concurrency?']],
  ['no kind', { url: 'http://a' }, ['skill.kind: missing, expected one of "function", "http", "command"']],
])('%s', (_title, skill, expected) => {
  expect(problems(skill)).toEqual(expected)
})

function exitCode(written: string) {
  return [`skill.exitCodes.${written}: found the key "${written}", expected an exit code from 1 to 255`]
}

test('a directory that is none', () => {
  expect(problems({ ...command, cwd: './nowhere' })).toEqual([
    expect.stringMatching(/^skill\.cwd: found "\.\/nowhere", expected a directory: there is none at \/.*\/nowhere$/),
  ])
  expect(problems({ ...command, cwd: './skill.mjs' })).toHaveLength(1)
})

test('the whole of an address may come from the environment', () => {
  expect(problems({ ...http, url: '${env:BASE}/score' })).toEqual([])
})
