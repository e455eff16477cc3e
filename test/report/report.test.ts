import { expect, test } from 'vitest'
import { makeReport } from '../../src/report/report.ts'
import { run, scenario } from './figures.ts'

const metricsOf = (given: Parameters<typeof scenario>[0]) => makeReport(run([scenario(given)])).scenarios[0]!.metrics
const comparedOf = (given: Parameters<typeof scenario>[0]) => makeReport(run([scenario(given)])).comparison.scenarios[0]!

test('a report has exactly the keys of its schema, and is flat JSON', () => {
  const report = makeReport(run([scenario()]))
  expect(Object.keys(report)).toEqual(
    'schema run plan status reason verdict scenarios comparison growth cost thresholds recommendations diagnosis recoveries breakers programs claims synthesis chaos environment startedAt finishedAt elapsedMs partial'.split(
      ' ',
    ),
  )
  expect(Object.keys(report.scenarios[0]!)).toEqual(
    'variant name status reason size difficulty repetitions progressPct currentMilestone memoryPeakMb items itemsFailed batches retries elapsedMs activeMs pausedMs backoffMs programs quality expectedQuality metrics milestones errors'.split(
      ' ',
    ),
  )
  expect(JSON.parse(JSON.stringify(report))).toEqual(report)
})

test('rates, by hand', () => {
  // 90 items were processed in 3.6 s after the warm-up; 97 of 100 are confirmed, in 4 s of active time.
  const given = { items: 97, itemsFailed: 3, errorTolerance: 0.03 }
  expect(comparedOf(given)).toEqual({
    variant: 'default',
    scenario: 'simple',
    size: 100,
    timePerItemMs: 40,
    throughput: 24.25,
    quality: null,
    errorRate: 0.03,
    withinTolerance: true,
  })
  expect(comparedOf({ ...given, errorTolerance: 0.02 }).withinTolerance).toBe(false)
})

test('what is not known is null, never 0', () => {
  const nothing = {
    status: 'pending',
    items: 0,
    batches: 0,
    activeMs: 0,
    elapsedMs: 0,
    cpuMs: null,
    memoryPeakMb: null,
    timed: { activeMs: 0, items: 0 },
  } as const
  expect(comparedOf(nothing)).toMatchObject({
    timePerItemMs: null,
    throughput: null,
    quality: null,
    errorRate: null,
    withinTolerance: null,
  })
  expect(metricsOf(nothing)).toMatchObject({
    items: 0,
    time_per_item_ms: null,
    throughput: null,
    error_rate: null,
    cpu_ms: null,
    memory_peak_mb: null,
  })
})

test('quality is accuracy where there is one, else the mean of all metrics', () => {
  const quality = (given: Record<string, number> | null) => makeReport(run([scenario({ quality: given })])).scenarios[0]!.quality
  expect(quality({ accuracy: 0.9, coverage: 0.1 })).toBe(0.9)
  expect(quality({ recall: 0.5, precision: 0.75 })).toBe(0.625)
  expect(quality(null)).toBeNull()
})

test('metrics of the skill stand under their names, and never in place of measured ones', () => {
  const metrics = metricsOf({
    quality: { recall: 0.5, items: 9999, active_ms: 0 },
    pausedMs: { user: 1, database: 2, breaker: 0, barrier: 30, interrupted: 400 },
  })
  expect(metrics).toMatchObject({
    recall: 0.5,
    items: 100,
    active_ms: 4000,
    paused_ms: 433,
    paused_barrier_ms: 30,
    paused_interrupted_ms: 400,
  })
})

test('scenarios are compared variant by variant, by rising size', () => {
  const of = (variant: string, name: string, size: number) => scenario({ variant, name, size })
  const { comparison, scenarios } = makeReport(
    run([of('b', 'large', 300), of('b', 'small', 100), of('a', 'large', 300), of('a', 'small', 100)]),
  )
  expect(comparison.scenarios.map(({ variant, scenario: name }) => `${variant}/${name}`)).toEqual([
    'b/small',
    'b/large',
    'a/small',
    'a/large',
  ])
  expect(scenarios.map(({ variant, name }) => `${variant}/${name}`)).toEqual(['b/large', 'b/small', 'a/large', 'a/small'])
})

test('times are contended where scenarios ran at the same time', () => {
  const two = [scenario(), scenario({ name: 'medium', size: 300 })]
  expect(makeReport(run(two)).comparison.contended).toBe(true)
  expect(makeReport(run(two, { order: 'serial' })).comparison.contended).toBe(false)
  expect(makeReport(run([two[0]!, scenario({ name: 'medium', activeMs: 0 })])).comparison.contended).toBe(false)
})

test('what besides size differs is named', () => {
  const factors = { batchSize: 10, parallel: 1, input: 'uniform', params: { depth: 1, tags: ['x'] }, programs: [0] }
  const confounded = (other: Partial<typeof factors>) =>
    makeReport(run([scenario({ factors }), scenario({ name: 'medium', size: 300, factors: { ...factors, ...other } })])).comparison
      .confounded
  expect(confounded({})).toEqual([])
  expect(confounded({ params: { depth: 1, tags: ['x'] } })).toEqual([])
  expect(confounded({ params: { depth: 1, tags: ['y'] }, batchSize: 50 })).toEqual(['batchSize', 'params'])
  expect(confounded({ parallel: 4, input: 'skewed' })).toEqual(['parallel', 'input'])
  expect(confounded({ programs: [1] })).toEqual(['programs'])
  expect(confounded({ programs: [0, 1], batchSize: 50 })).toEqual(['batchSize', 'programs'])
  expect(confounded({ programs: [] }), 'nothing confirmed yet').toEqual([])
})

test('two variants are two programs in any case: that is what is compared', () => {
  const of = (variant: string, name: string, programs: number[]) =>
    scenario({ variant, name, factors: { batchSize: 10, parallel: 1, input: 'uniform', params: {}, programs } })
  const confounded = (...all: Parameters<typeof run>[0]) => makeReport(run(all)).comparison.confounded
  expect(confounded(of('a', 'small', [0]), of('b', 'small', [1]))).toEqual([])
  expect(confounded(of('a', 'small', [0]), of('b', 'small', [0]), of('b', 'large', [1]))).toEqual(['programs'])
})

test('a report of what has not ended is partial', () => {
  expect(makeReport(run([scenario()])).partial).toBe(false)
  expect(makeReport(run([scenario({ status: 'running' })], { finishedAt: null, status: 'running' })).partial).toBe(true)
})
