import { access, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePlace, planOf, type Place } from './commandLine.ts'

let place: Place
beforeAll(async () => {
  place = await makePlace({
    'skill.mjs': 'export default (items) => items',
    'plan.json': planOf({}),
    'wrong.json': planOf({ batchSiz: 3, baseSize: 0 }),
    'throws.mjs': 'throw new Error("not today")',
    'noSkill.json': planOf({ skill: './nowhere.mjs' }),
    'short.json': planOf({ input: { file: 'short.jsonl' } }),
    'short.jsonl': '1\n2\n',
    'long.json': planOf({ skill: `./${'x'.repeat(300)}.mjs` }),
    'loop.json': planOf({ input: { file: 'loop.csv' } }),
    'longCwd.json': planOf({ skill: { kind: 'command', command: ['cat'], cwd: 'x'.repeat(300) } }),
  })
  await writeFile(join(place.directory, 'latin.yaml'), Buffer.from('name: \u00e9', 'latin1'))
  await writeFile(join(place.directory, 'latin.json'), Buffer.from('{ "name": "\u00e9" }', 'latin1'))
  await symlink('loop.csv', join(place.directory, 'loop.csv'))
  await mkdir(join(place.directory, 'folder.json'))
})
afterAll(() => place.remove())

test.for<[args: string, code: string, said: string, hint: string]>([
  ['ru plan.json', 'USAGE', "unknown command 'ru'", 'Did you mean run? All there is: troupe --help'],
  ['run', 'USAGE', "missing required argument 'file'", 'See what there is: troupe run --help'],
  ['run plan.json --sise 3', 'USAGE', "unknown option '--sise'", 'Did you mean --size? All there is: troupe run --help'],
  ['run plan.json --inspect', 'USAGE', "unknown option '--inspect'", 'See what there is: troupe run --help'],
  [
    'run plan.json --size x',
    'USAGE',
    "option '--size <items>' argument 'x' is invalid. Expected a whole number",
    'See what there is: troupe run --help',
  ],
  ['run plan.json --new --id x', 'USAGE', "option '--new' cannot be used with option '--id <id>'", 'See what there is: troupe run --help'],
  [
    'run plan.json --id ../../x',
    'RUN_ID',
    '"../../x" cannot be the id of a run',
    'Use letters, digits, ".", "_" and "-", at most 100, and begin with a letter, a digit or "_"',
  ],
  [
    'run plan.json --retry-failed',
    'NOTHING_TO_RETRY',
    'There are no runs here, so there are no failed items to try again. Nothing was begun',
    'There is no run of this plan: begin one with troupe run plan.json',
  ],
  [
    'run plan.json --retry-failed --id x --memory',
    'NOTHING_TO_RETRY',
    'There are no runs here, so there are no failed items to try again. Nothing was begun',
    'There is no run of this plan: begin one with troupe run plan.json',
  ],
  ['list extra', 'USAGE', "too many arguments for 'list'. Expected 0 arguments but got 1: extra", 'See what there is: troupe list --help'],
  ['fork x', 'USAGE', "required option '--at <sequence>' not specified", 'See what there is: troupe fork --help'],
  ['db', 'USAGE', 'troupe db needs one of its commands', 'See them with: troupe db --help'],
  ['breaker', 'USAGE', 'troupe breaker needs one of its commands', 'See them with: troupe breaker --help'],
  ['db prune', 'USAGE', "required option '--older-than <age>' not specified", 'See what there is: troupe db prune --help'],
  ['breaker simulate', 'USAGE', "required option '--events <list>' not specified", 'See what there is: troupe breaker simulate --help'],
  ['simulate groups', 'USAGE', "required option '--groups <n>' not specified", 'See what there is: troupe simulate groups --help'],
  ['--database db list --sise', 'USAGE', "unknown option '--sise'", 'See what there is: troupe list --help'],
  ['breaker open', 'USAGE', "missing required argument 'run'", 'See what there is: troupe breaker open --help'],
  ['db prun', 'USAGE', "unknown command 'prun'", 'Did you mean prune? All there is: troupe db --help'],
  [
    'run plan.json --only nope',
    'PLAN_INVALID',
    '--only: found "nope", expected some of simple, medium, complex',
    'The scenarios that there are, with their sizes: troupe plan plan.json',
  ],
  [
    'plan plan.json --size 0',
    'PLAN_INVALID',
    '--size: found 0, expected a whole number from 1 to 2147483647',
    'The scenarios that there are, with their sizes: troupe plan plan.json',
  ],
  [
    'run plan.jsn',
    'PLAN_UNREADABLE',
    'There is no plan plan.jsn; did you mean plan.json?',
    'Give a plan (.ts, .mts, .cts, .js, .mjs, .cjs, .yaml, .yml, .json) or a skill module; make one to start from with: troupe init',
  ],
  [
    'run throws.mjs',
    'PLAN_MODULE_FAILED',
    'throws.mjs failed when it was loaded: not today, at throws.mjs:1',
    'Correct the module; --verbose shows the whole stack',
  ],
  [
    'run plan.json --report nowhere/r.json',
    'USAGE',
    'nowhere/r.json cannot be written: there is no such directory, or it is not ours to write to',
    'Make the directory first',
  ],
  [
    'run plan.json --report r.html',
    'USAGE',
    'This version makes no report like r.html',
    'Name it .json, or .txt for the text of a terminal',
  ],
  ['show demo-1', 'RUN_NOT_FOUND', 'There is no run "demo-1"', 'See which runs there are with: troupe list'],
  ['resume demo-1', 'RUN_NOT_FOUND', 'There is no run "demo-1"', 'See which runs there are with: troupe list'],
  [
    'db stop --database postgres://h/d',
    'USAGE',
    'Only the embedded PostgreSQL is started and stopped here',
    'Leave --database out, or use the tools of that server',
  ],
])('troupe %s', async ([args, code, said, hint]) => {
  expect(await place.troupe(args.split(' '))).toEqual({ code: 2, stdout: '', stderr: `error: ${said} (${code})\nhint: ${hint}\n` })
})

test('nothing of this has made a database', async () => {
  await expect(access(join(place.directory, '.troupe'))).rejects.toThrow('ENOENT')
})

test.for<[args: string, said: RegExp]>([
  ['plan latin.yaml', /^error: latin\.yaml is not UTF-8: save it as UTF-8 \(PLAN_UNREADABLE\)\n/],
  ['run latin.json --memory', /^error: latin\.json is not UTF-8: save it as UTF-8 \(PLAN_UNREADABLE\)\n/],
  ['plan folder.json', /^error: folder\.json is a directory/],
  ['plan long.json', /skill: found .*expected a file: it cannot be read: ENAMETOOLONG/],
  ['plan loop.json', /input\.file: found "loop\.csv", expected a file: it cannot be read: ELOOP/],
  ['plan longCwd.json', /skill\.cwd: found .*expected a directory/],
  ['run plan.json --memory --report folder.json', /^error: folder\.json cannot be written: it is a directory \(USAGE\)\n/],
  ['run plan.json --memory --report loop.csv', /^error: loop\.csv cannot be written: ELOOP/],
  ['init plan.json', /^error: plan\.json cannot be written: EEXIST/],
])('troupe %s is a wrong command, never a defect (F13)', async ([args, said]) => {
  const { code, stdout, stderr } = await place.troupe(args.split(' '))
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(said)
  expect(stderr).not.toContain('a defect of troupe')
})

test('a plan with several problems lists them all', async () => {
  const { code, stderr } = await place.troupe(['run', 'wrong.json'])
  expect(code).toBe(2)
  const [first, ...rest] = stderr.trimEnd().split('\n')
  expect(first).toBe('error: wrong.json has 2 problems (PLAN_INVALID):')
  expect(rest.slice(0, 2).toSorted()).toEqual([
    '  wrong.json:1 baseSize: found 0, expected a whole number from 1 to 2147483647',
    '  wrong.json:1 batchSiz: unknown key; did you mean batchSize?',
  ])
  expect(rest[2]).toMatch(/^hint: /)
  expect(rest).toHaveLength(3)
})

test.for(['noSkill.json', 'short.json'])('what %s names is checked before anything runs', async (file) => {
  const { code, stderr } = await place.troupe(['run', file, '--memory'])
  expect(code).toBe(2)
  expect(stderr).toMatch(/^error: [^\n]+ \([A-Z]+(_[A-Z]+)*\)\nhint: [^\n]+\n$/)
})

test('with --json an error is one object on standard error', async () => {
  for (const args of [
    ['ru', '--json'],
    ['run', '--format', 'json'],
    ['run', '--format=json'],
  ]) {
    const { code, stdout, stderr } = await place.troupe(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    const { error } = JSON.parse(stderr) as { error: Record<string, string> }
    expect(Object.keys(error)).toEqual(['code', 'message', 'hint'])
    expect(error.code).toBe('USAGE')
  }
})

test('stack traces are shown with --verbose only', async () => {
  const plain = await place.troupe(['run', 'throws.mjs'])
  const verbose = await place.troupe(['run', 'throws.mjs', '--verbose'])
  expect(plain.stderr).not.toContain('    at ')
  expect(verbose.stderr).toContain(plain.stderr)
  expect(verbose.stderr).toMatch(/caused by Error: not today\n {4}at .*throws\.mjs:1:/)
})

/** A URL that cannot be read is a wrong command; a database that does not answer is not. */
const UNREADABLE = 2
const UNREACHABLE = 1

test.for([
  ['postgres://me:pa%24%24w0rd@127.0.0.1:1/x', UNREACHABLE],
  ['postgres://me@127.0.0.1:1/x?password=pa%24%24w0rd', UNREACHABLE],
  ['http://me:pa%24%24w0rd@h/x', UNREADABLE],
  ['postgres://me:pa%24%24w0rd@bad host/x', UNREADABLE],
  ['postgres://me:a@pa%24%24w0rd@127.0.0.1:1/x', UNREACHABLE],
  ['postgres://me:a/pa%24%24w0rd@127.0.0.1:1/x', UNREADABLE],
] as const)('the password of %s is never shown', async ([url, exitCode]) => {
  const asOption = await place.troupe(['list', '--verbose', '--database', url])
  const asVariable = await place.troupe(['list', '--json'], { env: { DATABASE_URL: url } })
  for (const { code, stdout, stderr } of [asOption, asVariable]) {
    expect(code).toBe(exitCode)
    expect(stdout).toBe('')
    expect(stderr).not.toMatch(/pa%24%24w0rd|pa\$\$w0rd/)
    expect(stderr).toContain('***')
  }
})
