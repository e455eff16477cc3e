import { readdirSync, readFileSync } from 'node:fs'
import { SimulatedClock } from 'xstate'
import { describe, expect, test } from 'vitest'
import { SnapshotVersionError } from '../../src/errors.ts'
import { restore } from '../../src/host/restore.ts'
import { upcast, type Upcast } from '../../src/host/stored.ts'
import { BARRIER_VERSION } from '../../src/machines/barrier.ts'
import { BREAKER_VERSION } from '../../src/machines/breaker.ts'
import { ORCHESTRATOR_VERSION } from '../../src/machines/orchestrator.ts'
import { SCENARIO_VERSION } from '../../src/machines/scenario.ts'
import { step } from '../../src/machines/breakerRules.ts'
import type { BatchFact } from '../../src/persistence/facts.ts'
import { openMemoryStore } from '../../src/persistence/memory.ts'
import { GOLDEN_AT, goldenBreakers, goldenBreakerSpecs, goldenSnapshots, goldenSpec, type Golden } from '../golden/goldenRun.ts'
import { fails } from '../machines/breakerSequences.ts'
import { COMPLEX, MEDIUM, SIMPLE, startRun } from '../machines/runHarness.ts'

const FOLDER = new URL('../golden/', import.meta.url)
const ofActors = { orchestrator: ORCHESTRATOR_VERSION, scenario: SCENARIO_VERSION, barrier: BARRIER_VERSION }
const present = { ...ofActors, breaker: BREAKER_VERSION }

const golden = (machine: string, version: number): Golden[] =>
  JSON.parse(readFileSync(new URL(`${machine}.v${version}.json`, FOLDER), 'utf8'))
const everything = (version: number) => Object.keys(ofActors).flatMap((machine) => golden(machine, version))

const confirmed = (scenario: string, from: number): BatchFact => ({
  ...{ kind: 'batch', variant: 'default', scenario, repetition: 1, round: 0, batch: from / 10, from, items: 10, attempt: 1, outcome: 'ok' },
  ...{
    errorClass: null,
    error: null,
    itemErrors: null,
    processed: 10,
    result: '[]',
    quality: null,
    usage: null,
    warmup: false,
    startedAt: GOLDEN_AT,
    activeMs: 5,
    cpuMs: null,
  },
})

/** The golden run as a store has it, an hour after its process died. */
async function restoreGolden(version: number) {
  const clock = new SimulatedClock()
  const store = openMemoryStore({ clock })
  const run = await store.create({ id: 'golden', name: 'golden', plan: {}, fingerprint: 'f', skillVersions: {} })
  const stored = everything(version).map((g) => ({ kind: 'snapshot' as const, status: g.snapshot.value, ...g }))
  const failed: BatchFact = { ...confirmed('simple', 0), outcome: 'failed', errorClass: 'critical', error: '{}', result: null }
  await store.journal.append(run, [...stored, failed, confirmed('medium', 0), confirmed('complex', 0)])
  const now = GOLDEN_AT + 3_600_000
  return restore({ store, spec: goldenSpec(), seenAt: GOLDEN_AT, now })
}

describe('golden snapshots', () => {
  test('there is one of every version of every machine', () => {
    const expected = Object.entries(present).flatMap(([machine, newest]) =>
      Array.from({ length: newest }, (_, i) => `${machine}.v${i + 1}.json`),
    )
    expect(
      readdirSync(FOLDER)
        .filter((file) => file.endsWith('.json'))
        .toSorted(),
    ).toEqual(expected.toSorted())
  })

  // Whoever changes what is stored brings a new version, an upcast, and a golden snapshot: what users have stored stays readable.
  test.each(Object.entries(present))('the present version of the %s stores what its golden snapshot says', (machine, version) => {
    const now = [...goldenSnapshots(), ...goldenBreakers()].filter((state) => state.machine === machine)
    expect(JSON.parse(JSON.stringify(now))).toEqual(golden(machine, version))
  })

  test.each(Array.from({ length: Math.max(...Object.values(ofActors)) }, (_, i) => i + 1))(
    'version %i is restored, and goes on to its end',
    async (version) => {
      const restored = await restoreGolden(version)
      expect(restored.scenarios[SIMPLE]).toMatchObject({
        pausedBy: ['barrier'],
        repetitions: [{ settled: 10, failed: 10, milestone: 50 }],
        work: [[10, 20]],
      })
      expect(restored.scenarios[MEDIUM]).toMatchObject({
        repetitions: [{ settled: 10, failed: 0 }],
        work: [[10, 40]],
        open: [],
        batches: 1,
        quality: { accuracy: { sum: 10, items: 10 } },
      })
      expect(restored.scenarios[MEDIUM]!.spent).toMatchObject({ interrupted: 3_600_000 })
      expect(restored.run.idleMs, 'no process for an hour (first hour 12)').toBe(3_600_000)
      expect(restored.scenarios[COMPLEX]).toMatchObject({ reason: 'cancelled', retries: 1, memoryPeakMb: 61.5 })
      expect(restored.run.claims[COMPLEX]).toMatchObject({ kind: 'diagnostic', items: 10 })

      const run = startRun(goldenSpec(), { at: GOLDEN_AT + 3_600_000, snapshot: restored.snapshot })
      run.send({ type: 'run.resume', at: run.clock.now() })
      expect(run.statuses()).toEqual(['paused', 'running', 'failed'])
      expect(run.called(MEDIUM)).toEqual([1])
      expect(run.called(SIMPLE)).toEqual([])
      // The barrier has left what it had left when the process died.
      run.clock.increment(17_654)
      expect(run.releases).toEqual([])
      run.clock.increment(1)
      expect(run.releases).toMatchObject([{ repetition: 1, pct: 50, outcome: { kind: 'timed-out', missing: [MEDIUM] } }])
      run.settleAll()
      expect(run.statuses()).toEqual(['complete', 'complete', 'failed'])
      expect(run.status()).toBe('failed')
      expect(run.called(MEDIUM).toSorted((a, b) => a - b)).toEqual([1, 2, 3])
      expect(run.state().claims[MEDIUM]).toMatchObject({ kind: 'result', items: 40 })
    },
  )

  test.each(Array.from({ length: BREAKER_VERSION }, (_, i) => i + 1))('version %i of a breaker is restored', async (version) => {
    const store = openMemoryStore({ clock: new SimulatedClock() })
    const run = await store.create({ id: 'golden', name: 'golden', plan: {}, fingerprint: 'f', skillVersions: {} })
    const rows = golden('breaker', version).map(({ actor, snapshot }) => ({
      ...{ kind: 'breaker' as const, variant: actor.slice('breaker/'.length), version, state: snapshot },
    }))
    await store.journal.append(run, rows)
    const spec = { ...goldenSpec(), breakers: goldenBreakerSpecs() }
    const { breakers } = await restore({ store, spec, seenAt: GOLDEN_AT, now: GOLDEN_AT + 30_700 })
    // A cooldown of 60 s, a tenth more or less by chance, after the probe that failed.
    expect(breakers.default).toMatchObject({ status: 'open', generation: 3, sum: 1, recoveryAttempts: 1, permits: [], exhausted: false })
    const cooldownMs = breakers.default!.probeAt! - (GOLDEN_AT + 30_700)
    expect(cooldownMs).toBeGreaterThanOrEqual(54_000)
    expect(cooldownMs).toBeLessThanOrEqual(66_000)
    expect(breakers.windowed).toMatchObject({ status: 'closed', generation: 0, sum: 1.5, calls: 3 })
    expect(step(breakers.windowed!, fails('critical'), GOLDEN_AT + 30)).toMatchObject({ status: 'closed', sum: 2.5, calls: 4 })
  })

  test('a restarted one goes on behind what is confirmed', async () => {
    const restored = await restoreGolden(1)
    const run = startRun(goldenSpec(), { at: GOLDEN_AT, snapshot: restored.snapshot })
    run.send({ type: 'run.resume', at: run.clock.now() })
    run.restart(COMPLEX)
    run.found(COMPLEX, [[10, 80]], 10)
    run.settleAll()
    expect(run.statuses()).toEqual(['complete', 'complete', 'complete'])
    expect(run.called(COMPLEX).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7])
  })
})

describe('upcast', () => {
  const rename: Upcast = ({ value, context: { counted, ...rest } }) => ({ value, context: { ...rest, settled: counted } })
  const renameState: Upcast = ({ value, context }) => ({
    value: value === 'working' ? 'running' : value,
    context: { ...context, third: true },
  })
  const machines = { counter: { version: 3, upcasts: [rename, renameState] } }

  test('goes from any version to the present one, a step for each', () => {
    const first = { value: 'working', context: { counted: 7 } }
    expect(upcast('counter', 1, first, machines)).toEqual({ value: 'running', context: { settled: 7, third: true } })
    expect(upcast('counter', 2, { value: 'working', context: { settled: 7 } }, machines)).toEqual({
      value: 'running',
      context: { settled: 7, third: true },
    })
    expect(upcast('counter', 3, { value: 'running', context: { settled: 7 } }, machines)).toEqual({
      value: 'running',
      context: { settled: 7 },
    })
    expect(first).toEqual({ value: 'working', context: { counted: 7 } })
  })

  test('refuses what a newer program stored, and machines it does not know', () => {
    expect(() => upcast('counter', 4, { value: 'running', context: {} }, machines)).toThrow(SnapshotVersionError)
    expect(() => upcast('counter', 4, { value: 'running', context: {} }, machines)).toThrow(
      'A stored counter has version 4, this troupe knows versions up to 3',
    )
    expect(() => upcast('breaker', 1, { value: 'closed', context: {} }, machines)).toThrow(SnapshotVersionError)
  })

  test('a run with a newer snapshot is not restored', async () => {
    const clock = new SimulatedClock()
    const store = openMemoryStore({ clock })
    const run = await store.create({ id: 'golden', name: 'golden', plan: {}, fingerprint: 'f', skillVersions: {} })
    const [orchestrator] = golden('orchestrator', 1)
    await store.journal.append(run, [{ kind: 'snapshot', status: 'running', ...orchestrator!, version: ORCHESTRATOR_VERSION + 1 }])
    await expect(restore({ store, spec: goldenSpec(), seenAt: 0, now: 0 })).rejects.toThrow(SnapshotVersionError)
  })
})
