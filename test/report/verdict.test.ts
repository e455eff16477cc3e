import { expect, test } from 'vitest'
import { exitCodeOf } from '../../src/report/exitCode.ts'
import type { RunFigures, ScenarioFigures } from '../../src/report/figures.ts'
import { makeReport } from '../../src/report/report.ts'
import { run, scenario } from './figures.ts'

const judged = (scenarios: Partial<ScenarioFigures>[], given: Partial<RunFigures> = {}) => {
  const report = makeReport(run(scenarios.map(scenario), given))
  return [report.verdict.status, exitCodeOf(report), ...report.verdict.reasons]
}
const failed = (reason: string, more: Partial<ScenarioFigures> = {}): Partial<ScenarioFigures> => ({ status: 'failed', reason, ...more })

test('nothing asked, nothing failed', () => {
  expect(judged([{}])).toEqual(['pass', 0, 'completed; no expectations were set'])
})

test('a failed scenario, with its reason in words', () => {
  expect(judged([failed('errors', { itemsFailed: 12, errorTolerance: 0.05 })])).toEqual([
    'fail',
    1,
    'simple failed with errors: 12 of 100 items failed, 5 % were tolerated',
  ])
  expect(judged([{}, failed('time-budget', { name: 'medium' })])).toEqual([
    'fail',
    1,
    'medium failed with time-budget: its time budget is used up',
  ])
  expect(judged([failed('constructor')])).toEqual(['fail', 1, 'simple failed with constructor'])
})

test('expected quality, met and missed', () => {
  const asked = (accuracy: number): Partial<ScenarioFigures> => ({ expectedQuality: 0.8, quality: { accuracy } })
  expect(judged([asked(0.85)])).toEqual(['pass', 0, 'simple: quality 0.850, at least 0.8 is expected'])
  expect(judged([asked(0.8)])).toEqual(['pass', 0, 'simple: quality 0.800, at least 0.8 is expected'])
  expect(judged([asked(0.5)])).toEqual(['fail', 3, 'simple: quality 0.500, at least 0.8 is expected'])
  expect(judged([asked(0.79999)]), 'not rounded to what was expected').toEqual([
    'fail',
    3,
    'simple: quality 0.79999, at least 0.8 is expected',
  ])
})

test('quality expected, and none returned: says what to return', () => {
  const [status, code, reason] = judged([{ expectedQuality: 0.8 }])
  expect([status, code]).toEqual(['inconclusive', 4])
  expect(reason).toContain('let the skill return { results, quality }')
})

test('quality of several programs is inconclusive, unless their version says that they are the same (case 24)', () => {
  const mixed = { expectedQuality: 0.8, quality: { accuracy: 0.5 }, programs: 2 }
  const programs = [{ variant: 'default', programs: 2, version: null, files: ['prompt.mjs', 'skill.mjs'] }]
  expect(judged([mixed], { programs })).toEqual([
    'inconclusive',
    4,
    'simple: quality 0.500 is of no single program: two programs took part: prompt.mjs, skill.mjs were changed in between. ' +
      'Run it anew with --new; a version in the skill says that they count as the same',
  ])
  expect(judged([mixed], { programs: [{ ...programs[0]!, version: '2' }] }).slice(0, 2)).toEqual(['fail', 3])
  expect(judged([{ ...mixed, programs: 1 }], { programs }).slice(0, 2), 'all of it by one of them').toEqual(['fail', 3])
  expect(judged([{ ...mixed, variant: 'other' }], { programs }).slice(0, 2), 'another variant').toEqual(['fail', 3])
})

test('a written expects is inconclusive, and says why', () => {
  expect(judged([{}], { expects: 'nlogn' })).toEqual(['inconclusive', 4, 'expects nlogn: growth is not measured by this version'])
})

test('what has not ended is inconclusive, unless something failed already', () => {
  const open = { finishedAt: null, status: 'running' } as const
  expect(judged([{ status: 'running', expectedQuality: 0.8, quality: { accuracy: 0.1 } }], open)).toEqual([
    'inconclusive',
    4,
    'the run has not ended, it is running: go on with troupe resume demo-1',
  ])
  expect(judged([{ status: 'running' }, failed('memory')], open).slice(0, 2)).toEqual(['fail', 1])
})

test('the worst finding decides, and stands first', () => {
  const scenarios = [
    { expectedQuality: 0.5, quality: { accuracy: 0.9 } },
    { name: 'medium', expectedQuality: 0.8 },
    { name: 'large', expectedQuality: 0.8, quality: { accuracy: 0 } },
  ]
  const [status, code, ...reasons] = judged(scenarios)
  expect([status, code]).toEqual(['fail', 3])
  expect(reasons.map((reason) => String(reason).split(':')[0])).toEqual(['large', 'medium', 'simple'])
})

test('scenarios of several variants are told apart', () => {
  expect(judged([{ variant: 'a' }, failed('memory', { variant: 'b' })])[2]).toBe(
    'b/simple failed with memory: it needed more memory than there was, it held 81 MB',
  )
})

test('exit codes where several apply: interrupted, cost cap, failed, missed, inconclusive', () => {
  const missed = { name: 'missed', expectedQuality: 1, quality: { accuracy: 0 } }
  const report = (...scenarios: Partial<ScenarioFigures>[]) => makeReport(run(scenarios.map(scenario)))
  expect(exitCodeOf(report(failed('cost-cap'), failed('errors'), missed), { interrupted: true })).toBe(130)
  expect(exitCodeOf(report(failed('errors'), failed('cost-cap'), missed))).toBe(5)
  expect(exitCodeOf(report(missed, failed('errors')))).toBe(1)
  expect(exitCodeOf(report({ expectedQuality: 0.1 }, missed))).toBe(3)
})

test('a run that --bail ended says so, however much it would tolerate', () => {
  const bailed = (itemsFailed: number, errorTolerance: number) => judged([failed('errors', { itemsFailed, errorTolerance })])[2]
  expect(bailed(3, 0.9)).toBe(
    'simple failed with errors: 3 of 100 items failed, and with --bail the first one ends the run; 90 % would be tolerated',
  )
  expect(bailed(29, 0.29), 'just as many as are tolerated').toContain('with --bail')
  expect(bailed(30, 0.29)).toBe('simple failed with errors: 30 of 100 items failed, 29 % were tolerated')
  expect(bailed(1, 0)).toBe('simple failed with errors: 1 of 100 items failed, 0 % were tolerated')
})

test('failed items that are tolerated stand beside the verdict, with how to try them again', () => {
  const again = 'try them again with troupe resume demo-1 --retry-failed'
  const some = { itemsFailed: 63, errorTolerance: 0.9 }
  expect(judged([some, { name: 'medium' }])).toEqual([
    'pass',
    0,
    'completed; no expectations were set',
    'simple: 63 of 100 items failed, within the 90 % that are tolerated',
    again,
  ])
  expect(judged([{ ...some, expectedQuality: 0.8, quality: { accuracy: 0.9 } }]).slice(3)).toEqual([
    'simple: 63 of 100 items failed, within the 90 % that are tolerated',
    again,
  ])
  const environment = { ...run([]).environment, database: 'memory' }
  expect(judged([some], { environment }), 'nothing is stored').not.toContain(again)
})

test('a scenario that needed too much memory says how much it may use, and how much it was seen to hold', () => {
  const text = (given: Partial<ScenarioFigures>) => judged([failed('memory', given)])[2]
  expect(text({ memoryLimitMb: 200, memoryPeakMb: 251.2 })).toBe(
    'simple failed with memory: it needed more memory than memoryLimitMb, 200 MB, it held 252 MB',
  )
  expect(text({ memoryLimitMb: 200, memoryPeakMb: null })).toBe(
    'simple failed with memory: it needed more memory than memoryLimitMb, 200 MB',
  )
})
