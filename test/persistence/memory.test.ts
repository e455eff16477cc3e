import { SimulatedClock } from 'xstate'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { UnstorableFactError } from '../../src/errors.ts'
import { openMemoryStore } from '../../src/persistence/memory.ts'
import { AT, batch, event, runFact } from './contract/facts.ts'
import { newRun, round } from './contract/subject.ts'
import { storeContract } from './storeContract.ts'

storeContract('memory', async () => {
  const store = openMemoryStore({ clock: systemClock })
  return { store, another: async () => store, close: () => store.close() }
})

test('time is the clock’s', async () => {
  const clock = new SimulatedClock()
  clock.set(AT)
  const store = openMemoryStore({ clock })
  const run = await store.create(newRun())
  expect(run).toMatchObject({ now: AT, seenAt: AT, row: { createdAt: AT, owner: { since: AT, seenAt: AT } } })
  await store.journal.append(run, [runFact({ status: 'complete', finishedAt: AT })])
  clock.increment(10)
  await run.release()
  clock.increment(5)
  expect(await store.take(run.id)).toMatchObject({ now: AT + 15, seenAt: AT + 10 })
  expect(await store.prune(15)).toEqual([])
  expect(await store.prune(14)).toEqual([run.id])
  expect(await store.isHeld(run.id)).toBe(false)
})

test('two stores share nothing', async () => {
  const [a, b] = [openMemoryStore({ clock: systemClock }), openMemoryStore({ clock: systemClock })]
  const run = await a.create(newRun())
  expect(await b.get(run.id)).toBeNull()
})

test('the same outcome of a batch is taken twice and kept once, another is refused', async () => {
  const store = openMemoryStore({ clock: systemClock })
  const run = await store.create(newRun())
  await store.journal.append(run, [batch()])
  await store.journal.append(run, [batch(), event()])
  expect(await store.batchesFrom(run.id, round(), 0)).toHaveLength(1)
  expect(await store.events(run.id, 0)).toHaveLength(1)
  for (const other of [batch({ startedAt: AT + 1 }), batch({ from: 10 })]) {
    await expect(store.journal.append(run, [event(), other])).rejects.toThrow(UnstorableFactError)
  }
  await expect(store.journal.append(run, [batch({ batch: 1 }), batch({ batch: 1 })])).rejects.toThrow(UnstorableFactError)
  expect(await store.events(run.id, 0)).toHaveLength(1)
})

test('nobody is called any more after close', async () => {
  const store = openMemoryStore({ clock: systemClock })
  const run = await store.create(newRun())
  const calls: string[] = []
  await store.watch(null, (id) => calls.push(id))
  const appended = store.journal.append(run, [event()])
  await store.close()
  await appended
  await new Promise((resolve) => setImmediate(resolve))
  expect(calls).toEqual([])
})
