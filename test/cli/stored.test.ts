import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Report } from '../../src/index.ts'
import { countingSkill, makePlace, planOf, type Ended, type Place } from './commandLine.ts'

interface Summary {
  run: string
  status: string
  held: boolean | null
  progressPct: number
  sequence: number
  scenarios: { name: string; status: string; progressPct: number; items: number; reason: string | null }[]
  events: { sequence: number; type: string; actor: string; data: Record<string, unknown> }[]
}

let place: Place
beforeAll(async () => {
  place = await makePlace(
    {
      'skill.mjs': countingSkill(),
      'plan.json': planOf({ scenarios: { small: { size: 20 }, large: { size: 40 } } }),
      'gated.mjs': `
      import { existsSync } from 'node:fs'
      import { setTimeout as wait } from 'node:timers/promises'
      export default async (items, { signal }) => {
        while (!existsSync(new URL('open', import.meta.url)) && items[0].index >= 10) await wait(10, undefined, { signal })
        return items.map(({ value }) => (value < 0.5 ? 'low, "or" so' : null))
      }`,
      'gated.json': planOf({ name: 'gated', skill: './gated.mjs', scenarios: { only: { size: 40 } } }),
      'picky.mjs': `
      export default (items) => items.map(({ index }) => (index === 1 ? { itemError: { message: 'no "such" item', class: 'critical' } } : index))`,
      'picky.json': planOf({ name: 'picky', skill: './picky.mjs', scenarios: { only: { size: 3, errorTolerance: 1 } } }),
      'formulas.mjs': `
      const results = ['=cmd|x', '+1', '-1;2', '@a', '\\t=a', '\\r=a', -1.5, { a: '=b' }, true, '=a,b']
      export default (items) => items.map(({ index }) => results[index])`,
      'formulas.json': planOf({ name: 'formulas', skill: './formulas.mjs', scenarios: { only: { size: 10 } } }),
      'flaky.mjs': `
      import { existsSync } from 'node:fs'
      export default (items) => {
        if (!existsSync(new URL('mended', import.meta.url)) && items[0].index >= 10) throw new Error('not yet')
        return items.map(({ index }) => index)
      }`,
      'counted.mjs': `
      const skill = { kind: 'function', module: './later.mjs' }
      const scenarios = { only: { size: 20 } }
      export default { name: 'counted', skill, retry: { attempts: 1 }, recovery: { attempts: 0 }, scenarios, synthesize: (claims) => claims.length }`,
      'later.mjs': `
      import { existsSync } from 'node:fs'
      export default (items) => {
        if (!existsSync(new URL('ready', import.meta.url))) throw new Error('not yet')
        return items
      }`,
      'flaky.json': planOf({ name: 'flaky', skill: './flaky.mjs', retry: { attempts: 1 }, scenarios: { only: { size: 20 } } }),
    },
    { shared: true },
  )
  ended = await place.troupe(['run', 'plan.json', '--id', 'first', '--json'])
})
afterAll(() => place.remove())

let ended: Ended
const json = async <Value>(...args: string[]) => JSON.parse((await place.troupe([...args, '--json'])).stdout) as Value

test('list shows runs, the newest first', async () => {
  await place.troupe(['run', 'plan.json', '--id', 'second', '--only', 'small'])
  const { code, stdout } = await place.troupe(['list'])
  expect(code).toBe(0)
  const [titles, ...rows] = stdout.trimEnd().split('\n')
  expect(titles!.split(/ {2,}/)).toEqual(['run', 'plan', 'status', 'done', 'created', 'took'])
  expect(rows.map((row) => row.split(/ {2,}/).slice(0, 4))).toEqual([
    ['second', 'demo', 'complete', '100 %'],
    ['first', 'demo', 'complete', '100 %'],
  ])
  expect((await json<Summary[]>('list')).map(({ run, held, progressPct }) => [run, held, progressPct])).toEqual([
    ['second', false, 100],
    ['first', false, 100],
  ])
  const long = `a-run-with-a-name-of-${'very-'.repeat(12)}many-words`
  await place.troupe(['run', 'plan.json', '--id', long, '--only', 'small'])
  // In a pipe a run is a line, whatever its length.
  expect((await place.troupe(['list'])).stdout).toMatch(new RegExp(`^${long} +demo +complete `, 'm'))
})

test('report is the one of its end, on standard output or in a file', async () => {
  const report = JSON.parse(ended.stdout) as Report
  expect(await json<Report>('report', 'first')).toEqual(report)
  const { code, stdout } = await place.troupe(['report', 'first', '-o', 'first.json'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  expect(JSON.parse(await readFile(join(place.directory, 'first.json'), 'utf8'))).toEqual(report)
  expect((await place.troupe(['report', 'first'])).stdout).toMatch(/^Verdict: PASS\n/)
})

test('results are streamed in the order of the items, as JSON lines', async () => {
  const { stdout } = await place.troupe(['results', 'first', 'large'])
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  expect(lines).toEqual(
    Array.from({ length: 40 }, (_none, item) => ({ variant: 'default', scenario: 'large', repetition: 1, item, result: { index: item } })),
  )
  const all = await place.troupe(['results', 'first'])
  expect(all.stdout.trimEnd().split('\n')).toHaveLength(60)
})

test('results of a scenario that there is not: said, with those that there are', async () => {
  expect(await place.troupe(['results', 'first', 'huge'])).toEqual({
    code: 2,
    stdout: '',
    stderr: 'error: Run "first" has no scenario "huge" (COMMAND_REFUSED)\nhint: It has: default/small, default/large\n',
  })
})

test('show names a sequence that a fork can begin at; the fork runs what is not confirmed there', async () => {
  const shown = await json<Summary>('show', 'first')
  expect(shown).toMatchObject({ run: 'first', status: 'complete', held: false })
  const halfway = shown.events.find(
    ({ type, actor, data }) => type === 'milestone.reached' && actor === 'default/large' && data.pct === 50,
  )!
  const then = await json<Summary>('show', 'first', '--at', String(halfway.sequence))
  expect(then.scenarios.find(({ name }) => name === 'large')).satisfy(isHalfway)
  expect(Math.max(...then.events.map(({ sequence }) => sequence))).toBe(halfway.sequence)

  expect(await json('fork', 'first', '--at', String(halfway.sequence), '--id', 'forked')).toEqual({
    run: 'forked',
    from: 'first',
    at: halfway.sequence,
  })
  const before = await calls()
  const { code, stdout, stderr } = await place.troupe(['resume', 'forked', '--json'])
  expect({ code, first: stderr.split('\n')[0] }).toEqual({ code: 0, first: 'going on with run forked' })
  expect((JSON.parse(stdout) as Report).scenarios.map(({ items }) => items)).toEqual([20, 40])
  const asked = (await calls()) - before
  expect(asked).toBe(60 - then.scenarios.reduce((sum, { items }) => sum + items, 0))
})

/** What was stored together with the milestone, by one flush, may come after it. */
const isHalfway = ({ status, items, progressPct }: Summary['scenarios'][number]) =>
  status === 'running' && items >= 20 && items < 40 && progressPct === (items / 40) * 100

const calls = async () => (await readFile(join(place.directory, 'calls.txt'), 'utf8')).trimEnd().split('\n').length

test('a restart with nothing to try again is refused, and nothing is stored (newcomer 2: 6)', async () => {
  const before = await json<Summary>('show', 'first')
  expect(await place.troupe(['restart', 'first', 'small'])).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'error: Nothing to try again: every item of scenario default/small of run "first" has a result (COMMAND_REFUSED)\n' +
      'hint: --fresh runs all of it anew, and pays for it again: troupe restart first default/small --fresh\n',
  })
  expect(await json<Summary>('show', 'first')).toEqual(before)
  expect(JSON.parse((await place.troupe(['report', 'first', '--json'])).stdout)).toEqual(JSON.parse(ended.stdout))
})

test('a run of another process can be followed, paused, continued', async () => {
  const there = place.start(['run', 'gated.json', '--id', 'live'])
  await there.said(/only running/)
  const watching = place.start(['status', 'live', '--watch'])

  const held = await place.troupe(['resume', 'live'])
  expect(held.code).toBe(1)
  expect(held.stderr).toMatch(
    /^error: Run "live" is being worked on by process \d+ on \S+ \(RUN_HELD\)\nhint: Follow it with: troupe status live/,
  )

  const paused = await place.troupe(['pause', 'live'])
  expect([paused.code, paused.stdout]).toEqual([
    0,
    expect.stringMatching(/^run live is paused \(user\); process \d+ on \S+ works on it\n$/),
  ])
  expect(await json<Summary>('status', 'live')).toMatchObject({ status: 'paused', held: true, scenarios: [{ status: 'paused' }] })
  await there.said(/only paused \(user\)/)

  const continued = await place.troupe(['continue', 'live'])
  expect([continued.code, continued.stdout]).toEqual([0, expect.stringMatching(/^run live is running; process/)])
  await appendFile(join(place.directory, 'open'), '')
  expect((await there.ended).code).toBe(0)
  const watched = await watching.ended
  expect(watched.code).toBe(0)
  expect(watched.stdout).toMatch(/only paused \(user\)[^]*only 100% 40\/40 items[^]*run live is complete\n/)
  const refused = await place.troupe(['cancel', 'live'])
  expect(refused).toEqual({
    code: 2,
    stdout: '',
    stderr: 'error: Cannot cancel run "live": it is complete (COMMAND_REFUSED)\nhint: Its report: troupe report live\n',
  })
})

test('results as CSV, quoted as RFC 4180 says', async () => {
  const { stdout } = await place.troupe(['results', 'live', 'default/only', '--format', 'csv'])
  const [titles, ...lines] = stdout.trimEnd().split('\n')
  expect(titles).toBe('variant,scenario,repetition,item,result,error')
  expect(lines).toHaveLength(40)
  for (const [item, line] of lines.entries()) {
    expect([`default,only,1,${item},"low, ""or"" so",`, `default,only,1,${item},,`]).toContain(line)
  }
})

test('an item that failed alone has its error in place of its result (newcomer fault 5)', async () => {
  const { code, stderr } = await place.troupe(['run', 'picky.json', '--id', 'picky', '--verbose'])
  expect(code).toBe(0)
  expect(stderr).toContain('only item 1 of batch 0 failed: Error: no "such" item')
  const { stdout } = await place.troupe(['results', 'picky'])
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const of = { variant: 'default', scenario: 'only', repetition: 1 }
  expect(lines).toEqual([
    { ...of, item: 0, result: 0 },
    { ...of, item: 1, error: expect.objectContaining({ message: 'no "such" item', class: 'critical', attempt: 1 }) },
    { ...of, item: 2, result: 2 },
  ])
  const csv = await place.troupe(['results', 'picky', '--format', 'csv'])
  expect(csv.stdout.split('\n').slice(1)).toEqual([
    'default,only,1,0,0,',
    'default,only,1,1,,"no ""such"" item"',
    'default,only,1,2,2,',
    '',
  ])
})

test('a spreadsheet runs nothing of results as CSV, unless they are asked for as they are (s7)', async () => {
  const { code } = await place.troupe(['run', 'formulas.json', '--id', 'formulas', '--quiet'])
  expect(code).toBe(0)
  const rows = async (...options: string[]) =>
    (await place.troupe(['results', 'formulas', '--format', 'csv', ...options])).stdout.split('\n').slice(1, -1)
  expect(await rows()).toEqual([
    "default,only,1,0,'=cmd|x,",
    "default,only,1,1,'+1,",
    "default,only,1,2,'-1;2,",
    "default,only,1,3,'@a,",
    "default,only,1,4,'\t=a,",
    `default,only,1,5,"'\r=a",`,
    'default,only,1,6,-1.5,',
    'default,only,1,7,"{""a"":""=b""}",',
    'default,only,1,8,true,',
    `default,only,1,9,"'=a,b",`,
  ])
  expect((await rows('--raw')).slice(0, 4)).toEqual([
    'default,only,1,0,=cmd|x,',
    'default,only,1,1,+1,',
    'default,only,1,2,-1;2,',
    'default,only,1,3,@a,',
  ])
  expect((await rows('--delimiter', ';')).slice(2, 3)).toEqual([`default;only;1;2;"'-1;2";`])
  expect((await rows('--delimiter', '\\t', '--raw')).slice(3, 5)).toEqual(['default\tonly\t1\t3\t@a\t', 'default\tonly\t1\t4\t"\t=a"\t'])
  const refused = await place.troupe(['results', 'formulas', '--raw'])
  expect([refused.code, refused.stderr]).toEqual([
    2,
    'error: --raw has no effect without --format csv (COMMAND_REFUSED)\nhint: Add --format csv\n',
  ])
  expect((await place.troupe(['results', 'formulas', '--format', 'csv', '--delimiter', '";"'])).code).toBe(2)
})

test('a run that nobody has can be cancelled, and then restarted here', async () => {
  await place.troupe(['fork', 'first', '--at', '1', '--id', 'idle'])
  const cancelled = await place.troupe(['cancel', 'idle'])
  expect([cancelled.code, cancelled.stdout]).toEqual([0, 'run idle is failed (cancelled)\n'])
  const { code, stdout, stderr } = await place.troupe(['restart', 'idle', 'small', '--json'])
  expect(stderr.split('\n')[0]).toBe('going on with run idle')
  expect((JSON.parse(stdout) as Report).scenarios.map(({ status }) => status)).toEqual(['complete', 'failed'])
  expect(code).toBe(1)
})

test('a paused run that nobody has goes on here', async () => {
  await place.troupe(['fork', 'first', '--at', '1', '--id', 'waiting'])
  expect((await place.troupe(['pause', 'waiting'])).stdout).toBe(
    'run waiting is paused (user), no process works on it: troupe resume waiting\n',
  )
  const { code, stdout } = await place.troupe(['continue', 'waiting', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ status: 'complete', partial: false })
})

test('--retry-failed tries again what an ended run did not confirm, and begins none (first hour 9)', async () => {
  await place.troupe(['run', 'flaky.json', '--limit', '3', '--id', 'part'])
  const none = await place.troupe(['run', 'flaky.json', '--retry-failed'])
  expect(none).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'error: No ended run of plan "flaky" makes these calls: there are no failed items to try again. Nothing was begun (NOTHING_TO_RETRY)\n' +
      'hint: All runs of this plan have all their results: begin a new one with troupe run flaky.json --new\n',
  })
  const failed = await place.troupe(['run', 'flaky.json', '--id', 'flaky', '--json'])
  expect(failed.code).toBe(1)
  await appendFile(join(place.directory, 'mended'), '')
  const { code, stdout, stderr } = await place.troupe(['run', 'flaky.json', '--retry-failed', '--json'])
  expect(stderr.split('\n')[0]).toBe('going on with run flaky')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ run: 'flaky', scenarios: [{ items: 20, itemsFailed: 0 }] })
})

test('a changed skill file is a warning that names it; a changed plan under the same id a conflict', async () => {
  await place.write({ 'skill.mjs': `${countingSkill()}// changed` })
  const { code, stderr } = await place.troupe(['run', 'plan.json', '--id', 'first'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/^warning: The file of skill "default" has changed since this run began: skill\.mjs \(\S+skill\.mjs\)/m)
  const conflict = await place.troupe(['run', 'plan.json', '--id', 'first', '--size', '7', '--only', 'small'])
  expect(conflict.code).toBe(2)
  expect(conflict.stderr).toMatch(/^error: /)
})

test('prune deletes what ended long ago', async () => {
  expect((await place.troupe(['db', 'prune', '--older-than', '1h'])).stdout).toBe('nothing was deleted\n')
  const { runs } = await json<{ runs: string[] }>('db', 'prune', '--older-than', '0m')
  expect(runs).toContain('first')
  expect((await place.troupe(['show', 'first'])).code).toBe(2)
})

test('a plan with functions is given again, before a command has changed anything', async () => {
  expect((await place.troupe(['run', 'counted.mjs', '--id', 'counted'])).code).toBe(1)
  const before = (await json<Summary>('show', 'counted')).sequence
  const refused = await place.troupe(['restart', 'counted', 'only'])
  expect(refused).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('hint: Give the plan again: troupe run FILE --id counted'),
  })
  expect((await json<Summary>('show', 'counted')).sequence).toBe(before)
  await place.write({ ready: '' })
  const { code, stdout } = await place.troupe(['restart', 'counted', 'only', '--plan', 'counted.mjs', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ status: 'complete', synthesis: { value: 1 } })
})
