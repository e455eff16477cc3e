import { expect, test } from 'vitest'
import { diagnose } from '../../src/report/diagnosis.ts'
import type { ScenarioFigures } from '../../src/report/figures.ts'
import type { ReportedError } from '../../src/report/reportedError.ts'
import { run, scenario } from './figures.ts'

const failed = (name: string, reason = 'errors'): ScenarioFigures => scenario({ name, status: 'failed', reason })

const errorOf = (changes: Partial<ReportedError> = {}): ReportedError => ({
  at: 1_000_000,
  name: 'Error',
  message: 'no field "name" in item 17',
  class: 'recoverable',
  repetition: 1,
  batch: 0,
  attempt: 1,
  ...changes,
})

/** Scenarios by name, each with its reason and its first error. */
function diagnosed(all: Record<string, [reason: string, error: Partial<ReportedError> | null]>, recoveries = 0) {
  const figures = run(
    Object.entries(all).map(([name, [reason]]) => failed(name, reason)),
    {
      recoveries,
      firstErrors: Object.entries(all).flatMap(([name, [, error]]) => (error ? [{ variant: 'default', name, error: errorOf(error) }] : [])),
    },
  )
  return diagnose(figures)
}

const refused = { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:8080' }

test.each<[string, Parameters<typeof diagnosed>[0], string, string]>([
  ['one that throws', { a: ['errors', {}] }, 'skill', 'it threw'],
  [
    'the same error everywhere, but for its numbers',
    { a: ['errors', {}], b: ['errors', { message: 'no field "age" in item 900' }] },
    'skill',
    'the same error in all 2 scenarios that have one',
  ],
  [
    'different errors',
    { a: ['errors', {}], b: ['errors', { message: 'gone' }] },
    'unknown',
    'the first errors of 2 scenarios are 2 different ones',
  ],
  ['none stored', { a: ['errors', null] }, 'unknown', 'no failed attempt is stored'],
  [
    'memory and time',
    { a: ['memory', refused], b: ['time-budget', null], c: ['errors', {}] },
    'resource',
    '2 of 3 failed scenarios ran out of memory or time',
  ],
  [
    'a service that refuses connections',
    { a: ['breaker', refused], b: ['breaker', null] },
    'network',
    'the first error came from a service that could not be reached or could not answer',
  ],
  [
    'a service that refuses who asks (first hour 6)',
    { a: ['breaker', { status: 401 }], b: ['breaker', { status: 403 }], c: ['errors', { status: 503 }] },
    'skill',
    'its service refuses who asks: it answers with 401 and 403',
  ],
  [
    'a service that hangs up (first hour 6)',
    { a: ['breaker', { code: 'HTTP_CONNECTION', message: 'POST http://x/ failed: other side closed' }] },
    'network',
    'the first error came from a service that could not be reached or could not answer',
  ],
  [
    'a service that cannot',
    { a: ['breaker', { status: 503 }], b: ['breaker', { status: 429 }], c: ['errors', { status: 422 }] },
    'network',
    '2 of 3 first errors came from a service that could not be reached or could not answer',
  ],
  [
    'a lost connection deep down',
    { a: ['errors', { message: 'it failed', causes: [{ name: 'Error', message: 'read ECONNRESET' }] }] },
    'network',
    'the first error came from a service that could not be reached or could not answer',
  ],
  [
    'a database that refuses connections',
    { a: ['errors', { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:5432' }] },
    'database',
    'the first error came from a database',
  ],
  [
    'a database that is shut down',
    {
      a: ['errors', { name: 'PostgresError', code: '57P01', message: 'terminating connection' }],
      b: ['errors', {}],
      c: ['errors', { code: '08006' }],
    },
    'database',
    '2 of 3 first errors came from a database',
  ],
])('%s', (_what, all, cause, because) => {
  expect(diagnosed(all)).toMatchObject({ cause, because })
})

test('each scenario that failed has its first error, in the order of the plan, and what to try is said', () => {
  const found = diagnosed({ b: ['errors', {}], a: ['breaker', null] }, 1)!
  expect(found.firstErrors).toEqual([
    { variant: 'default', scenario: 'b', reason: 'errors', error: errorOf() },
    { variant: 'default', scenario: 'a', reason: 'breaker', error: null },
  ])
  expect(found.advice[0]).toContain('tried again by itself')
  expect(found.advice.at(-1)).toContain('troupe restart demo-1 default/b')
})

test('nothing is diagnosed where nothing failed, or somebody cancelled; what is not stored cannot go on', () => {
  expect(diagnose(run([scenario()]))).toBeNull()
  expect(diagnose(run([failed('a', 'cancelled')]))).toBeNull()
  const environment = { ...run([]).environment, database: 'memory' }
  expect(diagnose(run([failed('a')], { environment }))!.advice.join(' ')).not.toContain('restart')
})

test('a skill that never worked, whatever its errors look like (first hour 1)', () => {
  const breaker = { variant: 'default', state: 'open' as const, sum: 3, threshold: 3, recoveryAttempts: 1, exhausted: true, probeAt: null }
  const figures = run([failed('a', 'errors'), failed('b', 'breaker')], { breakers: [{ ...breaker, neverWorked: true }] })
  expect(diagnose(figures)).toMatchObject({ cause: 'skill', because: 'no call has ever worked, and all failed in the same way' })
  expect(diagnose({ ...figures, breakers: [breaker] })).toMatchObject({ cause: 'unknown' })
})

test('the advice is a command that shows this error again on this plan, as it can be pasted (first hour 7)', () => {
  const advised = (changes: Partial<ReportedError>, planFile?: string) => {
    const scenarios = [scenario({ name: 'a' }), failed('b')]
    const firstErrors = [{ variant: 'default', name: 'b', error: errorOf(changes) }]
    return diagnose(run(scenarios, { planFile, firstErrors }))!.advice[0]
  }
  expect(advised({ range: [50, 60] }, "my plan's.yaml")).toBe(
    `Fix the skill. See the error with one item and its whole stack: troupe try 'my plan'\\''s.yaml' --item 50 --scenario b; its batch had the items 50–59`,
  )
  expect(advised({ itemNumbers: [55, 57], items: 2 }, 'te.yaml')).toBe(
    'Fix the skill. See the error with one item and its whole stack: troupe try te.yaml --item 55 --scenario b',
  )
  expect(advised({})).toContain(': troupe try PLAN --item 0 --scenario b')
})
