import { attemptBatch } from '../src/actors/attempt.ts'
import { Activity } from '../src/actors/activity.ts'
import { systemClock } from '../src/clock.ts'
import { openInput } from '../src/input/input.ts'
import { openFunctionSkill } from '../src/skills/function.ts'
import { flushStatement } from '../src/persistence/flush.ts'
import { fileURLToPath } from 'node:url'
const module = fileURLToPath(new URL('./skill.ts', import.meta.url))
const spec = { kind: 'generator', generator: 'uniform', seed: 1 } as const
const input = await openInput(spec, 500000)
const skill = await openFunctionSkill({ kind: 'function', module, export: 'default', isolation: 'inline', version: null, params: {} }, { run: 'r', variant: 'v', scenario: 's', size: 500000, params: { bytes: 1000 }, memoryLimitMb: 256, input: spec } as never, { workers: null as never, clock: systemClock, graceMs: 1000, maxResultBytes: 1e8, itemsModule: '', log() {} })
const facts: any[] = []
const stage: any = { run: 'r', variant: 'v', scenario: 's', clock: systemClock, random: Math.random, skill, reader: input.reader(), ledger: { ready: () => undefined, settle: (f: any) => { facts.push(f); return Promise.resolve() }, record() {} }, activity: new Activity(systemClock, 0), retry: { attempts: 3, on: [] }, batchTimeoutMs: 30000, warmupBatches: 1, pipelined: false, inHand: 0 }
const signal = new AbortController().signal
const N = 50000
for (let r = 0; r < 5; r++) {
  facts.length = 0
  const t0 = performance.now()
  for (let b = 0; b < N; b++) await attemptBatch(stage, { repetition: 1, round: 0, firstRound: 0, batch: b, from: b * 10, items: 10 }, signal)
  console.log('attempt', ((performance.now() - t0) / N * 1000).toFixed(2), 'µs')
  const t1 = performance.now()
  for (let i = 0; i < N; i += 200) flushStatement(facts.slice(i, i + 200).map((f, j) => ({ run: { id: 'run-' + j % 100, epoch: 1 }, facts: f })), 'h', false)
  console.log('flush', ((performance.now() - t1) / N * 1000).toFixed(2), 'µs')
}
