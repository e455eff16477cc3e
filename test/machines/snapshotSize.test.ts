import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runSpecOf } from '../../src/host/specs.ts'
import { storedBarrier, storedOrchestrator, storedScenario } from '../../src/host/stored.ts'
import { initialState, type ScenarioSpec, type ScenarioState } from '../../src/machines/scenarioState.ts'
import { addressOf, scenarioStep, statusOf } from '../../src/machines/scenarioStep.ts'
import { normalizePlan } from '../../src/plan.ts'
import { startRun, type Run } from './runHarness.ts'
import { settledBatch, tallyOf } from './scenarioHarness.ts'

const LIMIT = 8 * 1024
const LANES = 4

const bytes = (stored: object) => Buffer.byteLength(JSON.stringify(stored))

/** Every state that a default plan's run can be stored in, as this run is now. */
function sizes(run: Run): number[] {
  const { value, context, children } = run.root.getSnapshot()
  const barriers = run
    .barriers()
    .map((key) => children[`barrier:${key}`] as unknown as { getSnapshot(): { value: string; context: never } })
  return [
    bytes(storedOrchestrator(value, context)),
    ...context.spec.scenarios.map((spec) => {
      const s = run.scenario(addressOf(spec)).getSnapshot()
      return bytes(storedScenario(s.value, s.context))
    }),
    ...barriers.map((barrier) => bytes(storedBarrier(barrier.getSnapshot().value, barrier.getSnapshot().context))),
  ]
}

const defaultPlan = (changes: object = {}) =>
  normalizePlan(
    { name: 'sizes', skill: './skills.mjs', sync: { mode: 'lockstep' }, ...changes },
    { directory: fileURLToPath(new URL('../skills/fixtures', import.meta.url)) },
  )

test.each([
  ['default', {}],
  ['classic', { preset: 'classic' }],
  ['pipelined, with many repetitions', { durability: 'pipelined', repetitions: 20 }],
])('the snapshot of every actor of a %s plan keeps below 8 KB at any time', (_name, changes) => {
  const run = startRun(runSpecOf(defaultPlan(changes), 'sizes-12345678'))
  run.start()
  let largest = 0
  let seen = 0
  for (let turn = 0; run.state().finishedAt === null; turn++) {
    if (turn === 4) run.pause()
    largest = Math.max(largest, ...sizes(run))
    seen++
    if (turn === 4) run.continue()
    for (const spec of run.state().spec.scenarios) {
      if (run.busy(addressOf(spec)))
        run.settle(addressOf(spec), 1, {
          quality: { accuracy: 1 / 3, coverage: 2 / 3, latency: 1 / 7 },
          activeMs: turn / 3,
          memoryPeakMb: 123.456,
        })
    }
  }
  expect(run.status()).toBe('complete')
  expect(seen).toBeGreaterThanOrEqual(10)
  expect(Math.max(largest, ...sizes(run))).toBeLessThanOrEqual(LIMIT)
})

/** Plays the rules alone: what a machine would store after so many batches. */
function after(batches: number, spec: ScenarioSpec, changes: Partial<ScenarioState> = {}): number {
  let s: ScenarioState = scenarioStep({ ...initialState(spec), ...changes }, { type: 'scenario.start', at: 1_700_000_000_000 }).state
  let largest = 0
  for (let i = 0; i < batches; i++) {
    const at = 1_700_000_000_000 + i
    // Not always the oldest: lanes overtake each other.
    const [from, to] = s.open[i % Math.min(s.open.length, LANES)]!
    const ahead = to - from > LANES * spec.batchSize ? spec.batchSize * (i % LANES) : 0
    const settled = settledBatch({ from: from + ahead, items: Math.min(spec.batchSize, to - from) })
    const tally = tallyOf({ ...settled, quality: { accuracy: 1 / 3 }, failed: i % 7 === 0, errors: { transient: 1 } })
    s = scenarioStep(s, { type: 'batches.settled', tally, activeMs: i / 3, at }).state
    if (i % 97 === 0) largest = Math.max(largest, bytes(storedScenario(statusOf(s), s)))
  }
  expect(s.batches).toBe(batches)
  return largest
}

test('a snapshot does not grow with the batches: 100 000 of them take some digits more than 100', () => {
  const [, , spec] = runSpecOf(defaultPlan({ sync: { mode: 'free' } }), 'r').scenarios
  const large = { ...spec!, size: 2_000_000, errorTolerance: 1 }
  const few = after(100, large)
  const many = after(100_000, large)
  expect(many).toBeLessThanOrEqual(LIMIT)
  expect(many - few).toBeLessThanOrEqual(100)
})

test('the holes that a crash of many lanes leaves are bounded too: the store answers with 64 ranges at most', () => {
  const [, , spec] = runSpecOf(defaultPlan({ sync: { mode: 'free' } }), 'r').scenarios
  const work = Array.from({ length: 64 }, (_, i): [number, number] => [1_000_000 + 20 * i, 1_000_010 + 20 * i])
  const holes = after(30, { ...spec!, size: 2_000_000, errorTolerance: 1 }, { work, more: 1_500_000 })
  expect(holes).toBeGreaterThan(after(30, { ...spec!, size: 2_000_000, errorTolerance: 1 }))
  expect(holes).toBeLessThanOrEqual(LIMIT)
})
