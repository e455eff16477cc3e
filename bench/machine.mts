import { createActor, fromCallback, setup } from 'xstate'
import { scenarioMachine } from '../src/machines/scenario.ts'
import { scenarioStep } from '../src/machines/scenarioStep.ts'
import { initialState } from '../src/machines/scenarioState.ts'
const N = 20000
const spec = { run: 'r', variant: 'default', name: 's', size: N * 10, batchSize: 10, parallel: 1, window: 0, milestones: [0, 30, 50, 70, 90, 100], barriers: [], repetitions: 1, warmupBatches: 1, errorTolerance: 0, timeBudgetMs: null }
const settled = (batch: number) => ({ type: 'batch.settled' as const, batch, items: 10, failed: false, processed: 10, retries: 0, errors: {}, quality: null, memoryPeakMb: null, activeMs: 1, at: 1 })
const lane = fromCallback(({ input, sendBack, receive }: any) => { const go = (c: any) => { void Promise.resolve().then(() => sendBack(settled(c.batch))) }; receive(go); go(input.call) })
const machine = scenarioMachine.provide({ actors: { lane: lane as never } })
const parent = setup({ actors: { machine } }).createMachine({ invoke: { src: 'machine', id: 'm', input: spec } })
for (let r = 0; r < 5; r++) {
  const t0 = performance.now()
  await new Promise<void>((res) => { const a = createActor(parent as never); a.start(); const m = a.getSnapshot().children.m as any; m.on('scenario.completed', () => res()); m.send({ type: 'scenario.start', at: 0 }) })
  console.log('machine', ((performance.now() - t0) / N * 1000).toFixed(2), 'µs')
  let s = scenarioStep(initialState(spec), { type: 'scenario.start', at: 0 }).state
  const t1 = performance.now()
  for (let i = 0; i < N; i++) s = scenarioStep(s, settled(i)).state
  console.log('step', ((performance.now() - t1) / N * 1000).toFixed(2), 'µs', s.done)
}
