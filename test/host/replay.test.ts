import { expect, test } from 'vitest'
import { replayBreakers, replayRun, replayScenario } from '../../src/host/replay.ts'
import { initialState } from '../../src/machines/scenarioState.ts'
import type { StoredEvent } from '../../src/persistence/store.ts'
import { touchy } from '../machines/breakerSequences.ts'
import { scenarioSpec } from '../machines/scenarioHarness.ts'

const event = (sequence: number, actor: string, type: string, data: Record<string, unknown> = {}): StoredEvent => ({
  ...{ sequence, at: sequence * 10, actor, type, data },
})

const failed = [event(1, 'default/simple', 'scenario.started'), event(2, 'default/simple', 'scenario.failed', { reason: 'errors' })]
const recovering = event(3, 'orchestrator', 'run.recovering', { attempt: 2 })
const restarted = event(5, 'default/simple', 'scenario.restarted', { round: 1, fresh: false, halvings: 2 })

test('a recovery begins a new round with smaller batches, whether the scenario has said so yet or not', () => {
  const before = initialState(scenarioSpec())
  for (const events of [
    [...failed, recovering],
    [...failed, recovering, restarted],
    [...failed, restarted],
  ]) {
    expect(replayScenario(before, events)).toMatchObject({ round: 1, halvings: 2, uneven: true, reason: null, startedAt: null, more: 0 })
  }
  // What is stored may be of that round already.
  const stored = replayScenario(before, [...failed, recovering])
  expect(replayScenario(stored, [...failed, recovering, restarted])).toMatchObject({ round: 1, halvings: 2 })
})

test('a run knows how often it has recovered', () => {
  expect(replayRun([event(0, 'orchestrator', 'run.started'), ...failed, recovering])).toMatchObject({ startedAt: 0, recoveries: 2 })
})

test('time between an end and a restart is no time of the run', () => {
  const ended = [event(0, 'orchestrator', 'run.started'), event(4, 'orchestrator', 'run.failed', { reason: 'errors' })]
  expect(replayRun([...ended, event(10, 'orchestrator', 'run.continued')])).toMatchObject({ startedAt: 0, finishedAt: null, idleMs: 60 })
  expect(replayRun(ended)).toMatchObject({ finishedAt: 40, idleMs: 0 })
})

test('a breaker is as its last event left it, or as the recovery after that did', () => {
  const spec = touchy()
  const left = { threshold: 1, seed: 7, from: 'closed', cause: 'call.failed', class: null }
  const opened = event(2, 'breaker/default', 'breaker.opened', { ...left, sum: 1, recoveryAttempts: 0, probeAt: 1_020, generation: 1 })
  const other = event(3, 'breaker:other', 'breaker.forcedOpen', { ...left, sum: 0, recoveryAttempts: 0, probeAt: null, generation: 4 })
  const exhausted = event(4, 'breaker:default', 'breaker.exhausted', {
    ...left,
    sum: 1,
    recoveryAttempts: 5,
    probeAt: null,
    generation: 11,
  })
  expect(replayBreakers([spec], [])).toMatchObject([{ status: 'closed', generation: 0 }])
  expect(replayBreakers([spec], [opened, other])).toMatchObject([{ status: 'open', generation: 1, sum: 1, probeAt: 1_020, seed: 7 }])
  expect(replayBreakers([spec], [opened, other, exhausted])).toMatchObject([{ status: 'open', exhausted: true, generation: 11 }])
  // 1 000 ms, doubled by four failed probes, after the 50 at which it recovers.
  expect(replayBreakers([spec], [exhausted, { ...recovering, sequence: 5, at: 50 }])).toMatchObject([
    { status: 'open', exhausted: false, recoveryAttempts: 4, probeAt: 50 + 16_000 },
  ])
})
