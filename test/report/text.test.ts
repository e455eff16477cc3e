import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { ReportedError } from '../../src/report/reportedError.ts'
import { printable } from '../../src/printable.ts'
import { makeReport } from '../../src/report/report.ts'
import { textReport } from '../../src/report/text.ts'
import { run, scenario } from './figures.ts'

const error = (batch: number, message: string, more: Partial<ReportedError> = {}): ReportedError => ({
  at: 0,
  message,
  name: 'TypeError',
  class: 'recoverable',
  repetition: 1,
  batch,
  attempt: 2,
  ...more,
})

const milestones = (ms: number[]) =>
  [0, 30, 50, 100].map((pct, i) => ({ repetition: 1, pct, elapsedMs: ms[i]!, activeMs: 0, outcome: null }))

const full = makeReport(
  run(
    [
      scenario({ quality: { accuracy: 0.925 }, milestones: milestones([0, 1500, 2500, 5000]) }),
      scenario({
        name: 'medium',
        status: 'failed',
        reason: 'errors',
        size: 300,
        items: 110,
        itemsFailed: 20,
        retries: 3,
        activeMs: 65_000,
        elapsedMs: 3_725_000,
        pausedMs: { user: 0, database: 0, breaker: 0, barrier: 1234, interrupted: 90_000 },
        errorTolerance: 0.05,
        factors: { batchSize: 50, parallel: 1, input: 'uniform', params: {}, programs: [] },
        timed: { activeMs: 1.23, items: 100 },
        milestones: [
          { repetition: 1, pct: 0, elapsedMs: 0, activeMs: 0, outcome: null },
          { repetition: 1, pct: 30, elapsedMs: 1800, activeMs: 0, outcome: { kind: 'timed-out', missing: ['default/complex'] } },
        ],
        errors: {
          byClass: { critical: 1, recoverable: 3, transient: 0, ignored: 0 },
          last: [
            error(3, 'no field "name" in item 17', { causes: [{ name: 'SyntaxError', message: 'unexpected end at 4' }] }),
            error(4, 'no field "name" in item 8'),
            error(9, 'no field "age" in item 900'),
            error(5, 'gone', { class: 'critical', name: 'Error', attempt: 1 }),
          ],
        },
      }),
      scenario({
        name: 'complex',
        status: 'pending',
        size: 800,
        progressPct: 0,
        items: 0,
        batches: 0,
        elapsedMs: 0,
        activeMs: 0,
        timed: { activeMs: 0, items: 0 },
      }),
    ],
    {
      synthesis: { value: { best: 'simple' } },
      claims: [{}, {}, {}],
      firstErrors: [{ variant: 'default', name: 'medium', error: error(3, 'no field "name" in item 17') }],
    },
  ),
)

test('at 120 columns, by hand', () => {
  expect(textReport(full, { width: 120 })).toBe(`\
Verdict: FAIL
  medium failed with errors: 20 of 300 items failed, 5 % were tolerated
run demo-1 of plan demo: failed, 5.0 s

Scenarios
scenario  status             items  failed  batches  retries     active    elapsed  barrier  not running  items/s
simple    complete         100/100       0       10        0      4.0 s      5.0 s        –            –     20.0
medium    failed (errors)  110/300      20       10        3  1 min 5 s  1 h 2 min    1.2 s   1 min 30 s    0.030
complex   pending            0/800       0        0        0          –          –        –            –        –

scenario  skill items/s  skill time/item  errors  quality
simple             25.0          40.0 ms     0 %    0.925
medium              1.7          12.3 µs  15.4 %        –
complex               –                –       –        –
items/s counts all elapsed time. Skill figures count time in skill calls only; the time per item has no warm-up in it.
Timings are not comparable: scenarios ran at the same time. Compare those of a run with --order serial.
Besides size, scenarios differ in batch size: size alone does not explain a difference.

Milestones
elapsed until   30 %   50 %  100 %
simple         1.5 s  2.5 s  5.0 s
medium         1.8 s      –      –
30 % of repetition 1 timed out, missing default/complex

Failed attempts
medium: 1 critical, 3 recoverable
3 × TypeError: no field "name" in item 17
    caused by SyntaxError: unexpected end at 4
    first: medium, batch 3, attempt 2; recoverable
1 × Error: gone
    first: medium, batch 5, attempt 1; critical

Diagnosis
Likely cause: skill, it threw
medium (errors): first error TypeError: no field "name" in item 17
- Fix the skill. See the error with one item and its whole stack: troupe try PLAN --item 0 --scenario medium
- Then go on with the items without a result: troupe restart demo-1 default/medium, or the same command with
  --retry-failed

Summary
{
  "best": "simple"
}

the whole report: troupe report demo-1 --format json
`)
})

test.for([40, 80, 120, 200])('no line is longer than %s columns', (width) => {
  const lines = textReport(full, { width, colour: true }).split('\n').map(stripVTControlCharacters)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width)
  expect(Math.max(...lines.map((line) => line.length)), 'and the width is made use of').toBeGreaterThan(Math.min(width, 110) - 12)
})

test('every line of a table that was cut says whose it is', () => {
  const tables = textReport(full, { width: 40 })
    .split('\n\n')
    .filter((part) => part.includes('simple '))
  expect(tables.length).toBeGreaterThan(3)
  for (const part of tables) expect(part).toMatch(/^simple .*\nmedium .*\n/m)
})

test('nothing known is shown as nothing', () => {
  const text = textReport(
    makeReport(run([scenario({ status: 'pending', items: 0, batches: 0, elapsedMs: 0, activeMs: 0, timed: { activeMs: 0, items: 0 } })])),
    { width: 200 },
  )
  const [titles, values] = text
    .split('\n')
    .slice(5, 7)
    .map((line) => line.trim().split(/ {2,}/))
  const shown = Object.fromEntries(titles!.map((title, i) => [title, values![i]]))
  expect(shown).toEqual({
    scenario: 'simple',
    status: 'pending',
    items: '0/100',
    failed: '0',
    batches: '0',
    retries: '0',
    active: '–',
    elapsed: '–',
    'items/s': '–',
    'skill items/s': '–',
    'skill time/item': '–',
    errors: '–',
    quality: '–',
  })
})

test('colours only where they are asked for', () => {
  const plain = textReport(full)
  const coloured = textReport(full, { colour: true })
  expect(stripVTControlCharacters(plain)).toBe(plain)
  expect(coloured).not.toBe(plain)
  expect(stripVTControlCharacters(coloured)).toBe(plain)
})

test('control characters of a skill are shown as everywhere else, in sentences and in tables (F16)', () => {
  const nasty = scenario({
    errors: { byClass: { critical: 1, recoverable: 0, transient: 0, ignored: 0 }, last: [error(0, 'a\u001b[2Jb\rc\u0007d\te')] },
  })
  expect(textReport(makeReport(run([nasty])))).toContain(String.raw`TypeError: a\u001b[2Jb\rc\u0007d e` + '\n')
  const text = textReport(makeReport(run([scenario({ name: 'a\u009bb\u202ec\nd\te' })])))
  expect(text).toMatch(/^a\\u009bb\\u202ec d e {2}/m)
  expect(text).toBe(printable(text))
})

test('wide characters count twice', () => {
  const wide = scenario({
    errors: { byClass: { critical: 1, recoverable: 0, transient: 0, ignored: 0 }, last: [error(0, '漢字'.repeat(40))] },
  })
  const lines = textReport(makeReport(run([wide])), { width: 40 }).split('\n')
  for (const line of lines) expect(line.length + (line.match(/[漢字]/g)?.length ?? 0)).toBeLessThanOrEqual(40)
})

test('a run in memory is not said to be stored', () => {
  const environment = { ...full.environment, database: 'memory' }
  expect(textReport({ ...full, environment })).toMatch(/\nnothing of this run is stored: it ran in memory\n$/)
})

test('names of any length fit', () => {
  const long = scenario({ name: 'x'.repeat(63), variant: 'y'.repeat(63), milestones: milestones([0, 1, 2, 3]) })
  const lines = textReport(makeReport(run([long, scenario()])), { width: 40 }).split('\n')
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40)
})
