import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Report } from '../../src/index.ts'
import { makePlace, planOf, type Place } from './commandLine.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const OPEN_HANDLES = "import { createServer } from 'node:net'\ncreateServer().listen(0)\nsetInterval(() => {}, 1000)\n"

let place: Place
beforeAll(async () => {
  place = await makePlace({
    'skill.mjs': 'export default (items) => items',
    'plan.json': planOf({ scenarios: { only: { size: 20 } } }),
    'open.mjs': `${OPEN_HANDLES}export default { name: 'open', skill: { kind: 'function', module: './handle.mjs', isolation: 'inline' }, scenarios: { only: { size: 10 } } }`,
    'handle.mjs': 'setInterval(() => {}, 1000)\nexport default (items) => items',
    'chatty.mjs': `console.log('from the plan')\nprocess.stdout.write('written by the plan\\n')
export default { name: 'chatty', skill: { kind: 'function', module: './chattySkill.mjs', isolation: 'inline' }, scenarios: { only: { size: 10 } },
  classify: () => console.log('from classify') ?? 'recoverable', synthesize: (claims) => { console.log('from synthesize'); return claims.length } }`,
    'chattySkill.mjs': `console.info('from the skill module')\nexport default (items) => { console.table(items); return items }`,
    'nasty.mjs': String.raw`export default (items, { log }) => { log('\u001b]0;title\u0007\u202e\nrun complete'); throw new Error('\u001b[2J\u009b1mgone') }`,
    'nasty.json': planOf({ skill: './nasty.mjs', scenarios: { only: { size: 1 } } }),
  })
})
afterAll(() => place.remove())

test.for(['plan open.mjs', 'run open.mjs --memory --json'])('(case 11) %s ends, whatever a plan or a skill has left open', async (args) => {
  const { code, stdout } = await place.troupe(args.split(' '))
  expect(code).toBe(0)
  expect(stdout.length).toBeGreaterThan(100)
})

test('(case 12) what a plan, a skill, classify and synthesize print goes to standard error', async () => {
  const { code, stdout, stderr } = await place.troupe(['run', 'chatty.mjs', '--memory', '--json'])
  expect(code).toBe(0)
  expect((JSON.parse(stdout) as Report).status).toBe('complete')
  for (const said of ['from the plan', 'written by the plan', 'from the skill module', 'from synthesize']) expect(stderr).toContain(said)
})

test('(case 12) events stay JSON, line by line', async () => {
  const { stdout } = await place.troupe(['run', 'chatty.mjs', '--memory', '--events', '--quiet'])
  for (const line of stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('sequence')
})

/** In a shell, so that the streams can be anything. */
async function shell(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const { TROUPE_DATABASE_URL: _ours, DATABASE_URL: _theirs, ...env } = process.env
  const run = promisify(execFile)('/bin/sh', ['-c', line.replaceAll('troupe', `"${process.execPath}" "${CLI}"`)], {
    cwd: place.directory,
    env,
  })
  return run.then(
    (done) => ({ code: 0, ...done }),
    (failed: { code: number; stdout: string; stderr: string }) => ({ code: failed.code, stdout: failed.stdout, stderr: failed.stderr }),
  )
}

test('(case 13) a run whose standard output is full goes on to its end, and says so once', async () => {
  const { code, stderr } = await shell('troupe run plan.json --memory --events > /dev/full')
  expect(code).toBe(0)
  expect(stderr.match(/warning: standard output cannot be written to/g)).toHaveLength(1)
  expect(stderr).toContain('run complete')
})

test('(case 13) a run whose standard error is full goes on to its end, and says so once', async () => {
  const { code, stdout } = await shell('troupe run plan.json --memory 2> /dev/full')
  expect(code).toBe(0)
  expect(stdout.match(/warning: standard error cannot be written to/g)).toHaveLength(1)
  expect(stdout).toContain('PASS')
})

test('(case 13) with both streams full or closed the exit code is still that of the run', async () => {
  expect((await shell('troupe run plan.json --memory > /dev/full 2>&1')).code).toBe(0)
  expect((await shell('troupe run plan.json --memory >&- 2>&-')).code).toBe(0)
  expect((await shell('troupe run nasty.json --memory > /dev/full 2>&1')).code).toBe(1)
})

test('(case 13) a command whose work is its output fails when that is lost', async () => {
  const { code, stderr } = await shell('troupe schema > /dev/full')
  expect(code).toBe(1)
  expect(stderr).toContain('standard output cannot be written to')
})

test('(s5) (F16) control characters of a skill are shown escaped', async () => {
  const { stdout, stderr } = await place.troupe(['run', 'nasty.json', '--memory', '--verbose'])
  // oxlint-disable-next-line no-control-regex
  expect(stdout + stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/)
  expect(stderr).toContain(String.raw`\u001b]0;title\u0007\u202e\nrun complete`)
  expect(stderr).toContain(String.raw`\u001b[2J\u009b1mgone`)
})

test.for(['SIGINT', 'SIGTERM'] as const)('(first hour 4) %s ends a command that watches with 130', async (signal) => {
  await place.write({
    'slow.mjs': 'export default () => new Promise(() => {})',
    'slow.json': planOf({ name: 'slow', skill: './slow.mjs', scenarios: { only: { size: 1 } } }),
  })
  const run = place.start(['run', 'slow.json', '--id', `watched-${signal}`])
  await run.said(/\(new\)/)
  const watch = place.start(['status', `watched-${signal}`, '--watch'])
  await new Promise((resolve) => void watch.process.stdout!.once('data', resolve))
  watch.process.kill(signal)
  const { code, stderr } = await watch.ended
  expect([code, stderr]).toEqual([130, ''])
  run.process.kill('SIGKILL')
  await run.ended
})

test('(F1) (s2) (case 33) a signal while a skill module is loaded ends the run at once', async () => {
  await place.write({
    'hangs.mjs': "console.error('loading now')\nawait new Promise((resolve) => setTimeout(resolve, 1e8))\nexport default (items) => items",
    'hangs.json': planOf({ name: 'hangs', skill: { kind: 'function', module: './hangs.mjs', isolation: 'inline' } }),
  })
  const { process, said, ended } = place.start(['run', 'hangs.json', '--memory'])
  await said(/loading now/)
  // Nothing waits in silence.
  await said(/^loading skill .*hangs\.mjs$/m)
  process.kill('SIGTERM')
  const { code, stderr } = await ended
  expect(code).toBe(130)
  expect(stderr).toContain('stopping: ')
})

/** Lets the wall clock of node go back an hour as soon as there is a file of that name. */
const SETS_BACK = `import { existsSync } from 'node:fs'
const { now } = Date
let behind = 0
Date.now = () => (behind ||= existsSync('./back') ? 3_600_000 : 0, now() - behind)
`

test('(case 9) (F10) a wall clock that is set back an hour in mid-run: progress goes on, and no time is negative or an hour', async () => {
  await place.write({
    'setsBack.mjs': SETS_BACK,
    'back.mjs': `import { writeFileSync } from 'node:fs'
let failures = 0
export default (items) => {
  if (items[0].index === 40) writeFileSync('./back', '')
  if (items[0].index === 50 && failures++ === 0) throw Object.assign(new Error('not now'), { retryable: true })
  return items
}`,
    'back.json': planOf({
      skill: { kind: 'function', module: './back.mjs', isolation: 'inline' },
      scenarios: { only: { size: 100, batchSize: 10, errorTolerance: 1 } },
      breaker: { threshold: 0.1, cooldownMs: 100 },
    }),
  })
  const { code, stdout, stderr } = await place.troupe(['run', 'back.json', '--memory', '--json'], { node: ['--import', './setsBack.mjs'] })
  expect({ code, stderr }).toMatchObject({ code: 0 })
  for (const said of [' 50% ', ' 100% ', 'no calls until', 'breaker: closed', 'run complete']) expect(stderr).toContain(said)
  const { elapsedMs, scenarios } = JSON.parse(stdout) as Report
  const hour = 3_600_000
  for (const ms of [elapsedMs!, scenarios[0]!.elapsedMs, ...scenarios[0]!.milestones.map((milestone) => milestone.elapsedMs)]) {
    expect(ms).toBeGreaterThanOrEqual(0)
    expect(ms).toBeLessThan(hour)
  }
})

test('(case 6) (F1) reading an input says how far it is, and a signal ends it', async () => {
  await place.write({
    'endless.mjs': `import { setImmediate } from 'node:timers/promises'
export default async function* () {
  for (let index = 0; ; index++) yield (await setImmediate(), index)
}`,
    'endless.json': planOf({ skill: './skill.mjs', input: { module: './endless.mjs' }, scenarios: { only: { size: 1_000_000_000 } } }),
  })
  const { process, said, ended } = place.start(['run', 'endless.json', '--memory'])
  await said(/^reading endless\.mjs: [\d,]+ of 1,000,000,000 items$/m)
  process.kill('SIGTERM')
  const { code, stderr } = await ended
  expect(code).toBe(130)
  expect(stderr).toContain('stopping: ')
})
