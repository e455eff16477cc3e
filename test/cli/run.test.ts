import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Report } from '../../src/index.ts'
import { countingSkill, makePlace, planOf, type Place } from './commandLine.ts'

const twoScenarios = { small: { size: 20 }, large: { size: 40 } }

let place: Place
beforeAll(async () => {
  place = await makePlace(
    {
      'skill.mjs': countingSkill(),
      'failing.mjs': 'export default () => { throw new Error("no luck with item 7", { cause: new Error("the line was cut") }) }',
      'logging.mjs': 'export default (items, { log }) => { log("hello", { n: items.length }); return items }',
      'leaking.mjs': 'export default () => { throw new Error(`refused: ${process.env.THE_KEY}`) }',
      'plan.json': planOf({ scenarios: twoScenarios }),
      'chaotic.json': planOf({
        chaos: { failRate: 0.1, failClass: 'ignored' },
        scenarios: { small: { size: 20, errorTolerance: 1 } },
      }),
      'missed.json': planOf({ scenarios: { small: { size: 20, expectedQuality: 0.8 } } }),
      'silent.json': planOf({ skill: './logging.mjs', scenarios: { small: { size: 20, expectedQuality: 0.8 } } }),
      'failing.json': planOf({ skill: './failing.mjs', retry: { attempts: 1 }, scenarios: { small: { size: 20 } } }),
      'secret.json': planOf({ skill: './leaking.mjs', secrets: ['THE_KEY'], retry: { attempts: 1 }, scenarios: { small: { size: 20 } } }),
    },
    { shared: true },
  )
})
afterAll(() => place.remove())

const run = (...args: string[]) => place.troupe(['run', ...args, '--memory'])

test('progress goes to standard error, one line per milestone and change of status; the report to standard output', async () => {
  const { code, stdout, stderr } = await run('plan.json', '--order', 'serial')
  expect(code).toBe(0)
  const [first, second, ...lines] = stderr.trimEnd().split('\n')
  expect(first).toMatch(/^run demo-[0-9a-z]{8} \(new\)$/)
  expect(second).toBe('in memory: nothing is stored, and nothing of it can be resumed')
  const said = lines.map((line) => line.replace(/^\d\d:\d\d:\d\d /, '').replace(/ \d+\.\d+s$/, ' …s'))
  // Batches have ten items, which are settled together.
  const milestones = (name: string, size: number, settled: number[]) =>
    [30, 50, 70, 90, 100].map((pct, i) => `${name} ${pct}% ${settled[i]}/${size} items …s`)
  expect(said).toEqual([
    'small running',
    ...milestones('small', 20, [10, 10, 20, 20, 20]),
    'small complete',
    'large running',
    ...milestones('large', 40, [20, 20, 30, 40, 40]),
    'large complete',
    'run complete',
  ])
  expect(stdout).toMatch(/^Verdict: PASS\n {2}completed; no expectations were set\nrun demo-[0-9a-z]{8} of plan demo: complete, /)
})

test('chaos is named before anything happens, and right under the verdict', async () => {
  const { stdout, stderr } = await run('chaotic.json')
  const text = 'of all calls 10 % fail (ignored); in all scenarios; seed 1'
  expect(stderr.split('\n').indexOf(`warning: CHAOS is on: ${text}`)).toBe(2)
  expect(stdout.split('\n')[1]).toBe(`CHAOS was on: ${text}`)
})

test('in a pipe there are no colours', async () => {
  const { stdout, stderr } = await run('plan.json')
  expect(stripVTControlCharacters(stdout + stderr)).toBe(stdout + stderr)
})

test('--quiet leaves only the report', async () => {
  const { stdout, stderr } = await run('plan.json', '--quiet')
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^Verdict: /)
})

test('--format json prints one document, which has what the contract says', async () => {
  const { code, stdout } = await run('plan.json', '--format', 'json')
  expect(code).toBe(0)
  const report = JSON.parse(stdout) as Report
  expect(report).toMatchObject({
    schema: 1,
    run: expect.stringMatching(/^demo-[0-9a-z]{8}$/),
    plan: 'demo',
    status: 'complete',
    reason: null,
    verdict: { status: 'pass', reasons: ['completed; no expectations were set'] },
    scenarios: [
      {
        variant: 'default',
        name: 'small',
        status: 'complete',
        size: 20,
        progressPct: 100,
        currentMilestone: 100,
        items: 20,
        itemsFailed: 0,
        batches: 2,
        quality: 0.75,
      },
      {
        variant: 'default',
        name: 'large',
        status: 'complete',
        size: 40,
        progressPct: 100,
        items: 40,
        batches: 4,
        retries: 0,
        metrics: { accuracy: 0.75, items: 40, error_rate: 0 },
      },
    ],
    comparison: { contended: true, confounded: [] },
    growth: null,
    cost: null,
    thresholds: [],
    recommendations: [],
    claims: [
      { kind: 'result', scenario: 'small', items: 20 },
      { kind: 'result', scenario: 'large', items: 40 },
    ],
    synthesis: null,
    environment: { database: 'memory', node: process.version },
    partial: false,
  })
  expect(report.scenarios[0]!.milestones.map(({ pct }) => pct)).toEqual([0, 30, 50, 70, 90, 100])
})

test('--json is short for it', async () => {
  const { stdout } = await run('plan.json', '--json', '--quiet')
  expect((JSON.parse(stdout) as Report).schema).toBe(1)
})

test('--events prints every event as a line of JSON while it happens; with --json the report is the last line', async () => {
  const { stdout, stderr } = await run('plan.json', '--events', '--json')
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type?: string; sequence?: number; schema?: number })
  expect(lines.at(-1)!.schema).toBe(1)
  const events = lines.slice(0, -1)
  expect(events[0]!.type).toBe('run.started')
  expect(events.at(-1)!.type).toBe('run.completed')
  expect(events.filter(({ type }) => type === 'milestone.reached')).toHaveLength(12)
  const sequences = events.map(({ sequence }) => sequence!)
  expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
  expect(stderr).toContain('small complete')
})

test('--events without --json leaves standard output to the events', async () => {
  const { stdout, stderr } = await run('plan.json', '--events')
  for (const line of stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('sequence')
  expect(stderr).toContain('Verdict: PASS')
})

test('--report writes as many files as are asked for, JSON by the extension', async () => {
  const { stdout } = await run('plan.json', '--report', 'a.json', '--report', 'b.txt', '--json')
  const [json, text] = await Promise.all(['a.json', 'b.txt'].map((file) => readFile(join(place.directory, file), 'utf8')))
  expect(JSON.parse(json!)).toEqual(JSON.parse(stdout))
  expect(text).toMatch(/^Verdict: PASS\n/)
})

test('the command line changes the plan', async () => {
  const { stdout } = await run('skill.mjs', '--size', '10', '--only', 'simple,medium', '--sync', 'milestone', '--json')
  const { scenarios, plan } = JSON.parse(stdout) as Report
  expect(plan).toBe('skill')
  expect(scenarios.map(({ name, size }) => [name, size])).toEqual([
    ['simple', 10],
    ['medium', 30],
  ])
  expect(scenarios[0]!.milestones.filter(({ outcome }) => outcome?.kind === 'all').map(({ pct }) => pct)).toEqual([30, 70, 100])
})

test('exit codes say what came out', async () => {
  const [failed, missed, silent] = await Promise.all([
    run('failing.json', '--json'),
    run('missed.json', '--json'),
    run('silent.json', '--json'),
  ])
  const verdictOf = ({ stdout }: { stdout: string }) => (JSON.parse(stdout) as Report).verdict
  expect([failed.code, verdictOf(failed)]).toEqual([
    1,
    { status: 'fail', reasons: ['small failed with errors: 10 of 20 items failed, 5 % were tolerated'] },
  ])
  expect([missed.code, verdictOf(missed)]).toEqual([3, { status: 'fail', reasons: ['small: quality 0.750, at least 0.8 is expected'] }])
  expect([silent.code, verdictOf(silent).status]).toEqual([4, 'inconclusive'])
})

test('the report shows errors with their causes; --verbose tells of each attempt', async () => {
  const { stdout, stderr } = await run('failing.json', '--verbose')
  expect(stdout).toContain('1 × Error: no luck with item 7\n    caused by Error: the line was cut\n    at failing.mjs:1:30\n')
  expect(stderr).toMatch(/small batch of items 0–9 failed: Error: no luck with item 7\n {4}at failing.mjs:1:30\n/)
  expect((await run('failing.json')).stderr).toMatch(/failed: Error: no luck with item 7 at failing.mjs:1:30\n/)
})

test('what a skill logs is shown with --verbose', async () => {
  const [verbose, plain] = await Promise.all([
    run('logging.mjs', '--size', '10', '--only', 'simple', '--verbose'),
    run('logging.mjs', '--size', '10', '--only', 'simple'),
  ])
  expect(verbose.stderr).toMatch(/^hello .*"n":10/m)
  expect(plain.stderr).not.toContain('hello')
})

test('values of secrets are shown nowhere', async () => {
  const options = { env: { THE_KEY: 'open "sesame"' } }
  for (const more of [[], ['--json', '--events'], ['--verbose']]) {
    const { stdout, stderr } = await place.troupe(['run', 'secret.json', '--memory', ...more], options)
    expect(stdout + stderr).not.toContain('sesame')
    expect(stdout + stderr).toContain('refused: ***')
  }
  for (const file of ['secret-report.json', 'secret-report.txt']) {
    await place.troupe(['run', 'secret.json', '--memory', '--report', file], options)
    const written = await readFile(join(place.directory, file), 'utf8')
    expect(written).not.toContain('sesame')
    expect(written).toContain('***')
  }
})
